"""What checks the sources beyond tests: Terraform's and the workflows' linters, and the tables of the modules' READMEs.

`make docs` writes the tables, `make lint-terraform` and `make lint-workflows` run the linters, each in an environment of
its own under `.local/tools`. Settings, locks and every waiver with its reason lie here: `checkov.yaml`, `tflint.hcl`,
`zizmor.yml`, `*.lock`. Nothing here is needed to run the pipeline.

CheckFailed (console)
├── Stale            a README's generated part differs from the sources
└── Findings         a linter found something; its own words are in the advice
CouldNotRun (console)
├── NotWritten       a module has no README, or one without its markers
└── MissingTool      a linter is not there and could not be had
"""
