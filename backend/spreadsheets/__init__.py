"""Tables that people keep in a spreadsheet, as CSV: read as spreadsheets save them, written as they understand them."""
