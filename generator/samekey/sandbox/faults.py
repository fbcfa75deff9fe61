"""What users' tests import of the faults: a name that stays, wherever the code moves."""

from samekey.sandbox.server.faults import Fault, Plan, Rule, parse_flag, parse_plan, read_plan

__all__ = ["Fault", "Plan", "Rule", "parse_flag", "parse_plan", "read_plan"]
