"""Amazon CloudWatch: moto's metrics, alarms and dashboards; and alarms that are evaluated and act.

models       moto's backend, with bounds, and what it refuses
series       the newest values of each metric
expressions  metric math
evaluation   from data points to a state
alarms       evaluates all alarms on the scaled clock, and tells SNS
responses    moto's handler, with composite alarms
urls         moto's addresses (moto looks for them beside a backend's models)
"""
