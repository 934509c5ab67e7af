"""Networks that are written with OpenVINO's operators, around weights that other frameworks saved."""
