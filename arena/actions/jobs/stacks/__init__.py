"""The Python stacks of a running job, to see where a rank hangs.

collect.py      runs `probe.py` in every instance at once, and reads what it found
report.py       reads what the probe reports
probe.py        the program that runs there: finds Python processes, and asks py-spy for their stacks
faulthandler.py stacks that Python's faulthandler wrote to the log
"""
