"""Each broken configuration of brokers and network is stopped by the rule that it breaks, in words that tell the fix.

`expect_failures` can only name `terraform_data.rules`, which holds many rules. So the runs that expect its failure are
run again without the expectation, each in a file of its own, and what Terraform prints is read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.prerequisites import plugin_directory

ROOT = Path(__file__).resolve().parents[3] / "terraform"
RUN = re.compile(r'^run "(\w+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)
EXPECTATION = re.compile(r"\n  expect_failures = \[(.*?)\]\n", re.DOTALL)

SAYS = {
    "rejects_a_cluster_of_another_account": "names account 210987654321, and this is 123456789012",
    "rejects_a_cluster_of_another_region": "is in eu-west-1, and the stack in us-east-1",
    "rejects_a_cluster_that_firehose_cannot_reach": "aws kafka update-connectivity",
    "rejects_a_cluster_that_was_made_again": "give the new ARN",
    "rejects_a_peak_that_express_brokers_throttle": "above 70.2 MB/s on 3 brokers, and the peak is 70.3 MB/s",
    "rejects_a_policy_for_a_stream_without_a_name": "delivery_stream_name is missing",
    "rejects_a_policy_for_anybody_on_a_cluster_of_others": "Use account or stream",
    "rejects_a_region_with_too_few_zones": "us-east-1 has 2 zones without opt-in",
    "rejects_alarms_on_metrics_that_are_not_sent": "Use PER_TOPIC_PER_BROKER",
    "rejects_an_outage_longer_than_retention": "Raise topic_retention_hours to 48, or promise less",
    "rejects_an_outage_that_fills_the_topic": "topic_retention_bytes is full after 28 h",
    "rejects_brokers_that_do_not_divide_over_the_subnets": "Use a multiple of 3",
    "rejects_brokers_without_a_network": "Give them, or an existing_cluster",
    "rejects_disks_that_may_grow_to_less_than_they_are": "Raise the maximum, or leave storage_autoscaling out",
    "rejects_disks_that_retention_fills": "above 85 % a disk is as good as full. Use 1772 GiB or more",
    "rejects_existing_subnets_without_room_for_the_brokers": "Name larger subnets, of /23 or larger",
    "rejects_express_brokers_in_two_zones": "Give three subnets, or use a kafka. type",
    "rejects_growing_disks_on_express_brokers": "express brokers have no disks to grow or speed up",
    "rejects_local_retention_as_long_as_all_of_it": "topic_local_retention_hours is 72 of 72 in all",
    "rejects_more_copies_than_brokers": "topic_replication_factor is 4 with 3 brokers",
    "rejects_more_insync_copies_than_copies": "no record could ever be written",
    "rejects_more_partitions_than_brokers_are_updated_with": "1501 on each broker; kafka.m7g.large carries 1500 at most",
    "rejects_more_throughput_than_a_broker_type_takes": "which takes 312.5 at most",
    "rejects_producers_that_stop_with_one_broker": "with one broker away producers would stop. Use 2 at most",
    "rejects_provisioned_throughput_on_small_brokers": "none: MSK wants kafka.m5.4xlarge, kafka.m7g.2xlarge or larger",
    "rejects_provisioned_throughput_on_small_disks": "disks of 10 GiB and more",
    "rejects_small_segments_in_tiered_storage": "Use 48 or more",
    "rejects_subnets_of_another_vpc": "Name subnets of that VPC",
    "rejects_subnets_without_room_for_the_brokers": "Use a range of /23 or larger",
    "rejects_tiered_storage_for_less_than_three_days": "Use 72 or more, or LOCAL",
    "rejects_tiered_storage_on_express_brokers": "express brokers bring their own storage",
    "rejects_too_few_partitions_for_the_peak": "10 in all, and the peak is 18.6 MB/s. Use 2 or more",
    "rejects_two_copies_on_express_brokers": "express brokers keep three copies whatever is asked for. Use 3",
    "rejects_two_subnets_of_one_zone": "(us-east-1a, us-east-1b, us-east-1b)",
}
"""What the rule's message says, by the run that breaks it."""

pytestmark = pytest.mark.integration


def runs() -> Iterator[tuple[str, str]]:
    """The runs of brokers and network that expect a resource to fail, each as a file of its own without the expectation."""
    for name in ("kafka", "network"):
        text = (ROOT / "tests" / f"{name}.tftest.hcl").read_text(encoding="utf-8")
        head = text[: text.index('\nrun "') + 1]
        for found in RUN.finditer(text):
            expected = EXPECTATION.search(found[0])
            if expected and re.search(r"terraform_data|data\.", expected[1]):
                yield found[1], head + EXPECTATION.sub("\n", found[0])


def test_every_rule_of_brokers_and_network_has_its_words_here() -> None:
    assert sorted(name for name, _ in runs()) == sorted(SAYS)


def test_each_broken_configuration_is_stopped_by_its_own_rule(tmp_path: Path) -> None:
    copy = tmp_path / "terraform"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".terraform", "*.tftest.hcl"))
    for name, text in runs():
        (copy / "tests" / f"{name}.tftest.hcl").write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environment = {**kept, "TF_DATA_DIR": str(tmp_path / "data"), "AWS_EC2_METADATA_DISABLED": "true"}
    plugins = plugin_directory()
    mirror = [f"-plugin-dir={plugins}"] if plugins else []
    prepared = terraform(copy, environment, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly", *mirror)
    assert prepared.returncode == 0, prepared.stdout
    printed = terraform(copy, environment, "test", "-no-color").stdout
    said = {
        name: " ".join(part.split())
        for name, part in re.findall(r'run "(\w+)"\.\.\. fail\n(.*?)(?=^tests/)', printed, re.MULTILINE | re.DOTALL)
    }
    silent = {name: said.get(name, "not stopped") for name, words in SAYS.items() if words not in said.get(name, "")}
    assert silent == {}, printed


def terraform(directory: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Terraform, with what it prints of errors in its place among the rest."""
    return subprocess.run(
        ["terraform", f"-chdir={directory}", *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=900,
    )  # fmt: skip
