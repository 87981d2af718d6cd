"""The main job on real answers: from submission to payment, an audit from outside, and an operator who cheats."""
