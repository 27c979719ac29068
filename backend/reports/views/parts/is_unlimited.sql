(SELECT count(*) = 0 FROM reports_limitedreader AS reader WHERE $is_reader)
