"""Runs Lambda functions locally: the zip that was deployed, through AWS's own Python runtime client.

    runner         the public face: invoke, forget, stop; concurrency limits
    pool           the warm execution environments of one function
    environment    one execution environment: one process, one Runtime API, one invocation at a time
    runtime_api    HTTP of the Runtime API, as bytes; never looks into a payload
    bootstrap      what the function's process runs: narrows `sys.path`, then becomes `awslambdaric`
    interpreter    which Python can run "python3.X", and the runtime folder that a function sees (awslambdaric, boto3)
    variables      the environment variables that AWS documents, and nothing of this machine's
    deployed_code  deployed zips, unpacked once each
    platform_messages  what AWS itself says: error payloads, START, END and REPORT lines
    memory         how much memory a function's processes use
    logs           log lines on their way to CloudWatch Logs, never in an invocation's way

Differences from AWS that a function can see are listed in `environment` and `variables`.
"""
