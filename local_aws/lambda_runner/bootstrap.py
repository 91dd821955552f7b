"""What the process of an execution environment runs: `python -S bootstrap.py RUNTIME_DIR HANDLER`.

It narrows `sys.path` to what a function sees on AWS, in AWS's order (Lambda developer guide, "Search path"): the
function's own code, the runtime's folder (awslambdaric, boto3 and what they need), the standard library. No other
package that is installed on this machine can be imported. Then it becomes AWS's runtime client.

A script, started by path; it imports nothing of this project.
"""

import os
import site
import sys


def main() -> None:
    runtime_dir, handler = sys.argv[1:3]
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    given = os.environ.get("PYTHONPATH", "")
    sys.path[0] = task_root  # was this file's folder
    sys.path.insert(1 + (len(given.split(os.pathsep)) if given else 0), runtime_dir)
    # What `site` adds to builtins; its folders are left out on purpose (-S).
    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.argv = [os.path.join(runtime_dir, "awslambdaric"), handler]  # noqa: PTH118 - pathlib would slow every start

    from awslambdaric.__main__ import main as run_runtime_client

    run_runtime_client(sys.argv)


if __name__ == "__main__":
    main()
