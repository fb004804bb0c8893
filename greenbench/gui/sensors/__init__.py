"""The power sources in the window: the list under the badge, the page with everything about each, external meters, calibration."""
