-- Version 2.

-- JSON: what found no room in the prompt of this attempt. Null when everything did.
ALTER TABLE attempts ADD COLUMN left_out TEXT;
