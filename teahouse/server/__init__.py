"""The program around the app: settings, addresses, command line. Nothing above imports it."""
