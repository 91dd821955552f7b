"""moto reads `url_bases` and `url_paths` from the module beside a backend's models; these are moto's own."""

from moto.scheduler.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
