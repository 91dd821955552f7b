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

Not as on AWS, and visible to a function or its caller:

- A function may use the whole CPU whatever its memory size, and an idle environment is not frozen.
- At most `runner.MAX_PROCESSES` processes of one function run; further invocations wait instead of scaling out.
- The code is in a folder of its own, not in /var/task; HOME and TMPDIR name a folder of the environment, /tmp and
  the rest of this machine's files and network are not shut off. No other installed package can be imported.
- The runtime is this machine's Python of the same minor version, with the boto3 that is installed here.
- Memory is what is resident, looked at every 20 ms and, by the kernel's high-water mark, at the end.
- Layers, extensions, SnapStart, response streaming, X-Ray and JSON log format are not here; whoever describes a
  function to this room has to refuse them.
"""
