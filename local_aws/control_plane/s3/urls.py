"""moto reads `url_bases` and `url_paths` from the module beside a backend's models; these are moto's own, with every key in them.

A key is any UTF-8 text ("Naming Amazon S3 objects"), newlines too; moto's `.` does not match one. (moto's translation to
Flask stops at a bracket, hence no `(?s:.)`.)
"""

from moto.s3.urls import url_bases
from moto.s3.urls import url_paths as _moto_paths

url_paths = {path.replace("<key_name>.+", r"<key_name>[\s\S]+").replace("/.*)", r"/[\s\S]*)"): view for path, view in _moto_paths.items()}

__all__ = ["url_bases", "url_paths"]
