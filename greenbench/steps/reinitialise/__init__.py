"""Other first weights under the same masks: the control of a ticket."""
