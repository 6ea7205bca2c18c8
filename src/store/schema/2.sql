-- Version 2.

-- JSON: what found no room in the prompt of this attempt. Null when everything did.
ALTER TABLE attempts ADD COLUMN left_out TEXT;

-- The part of the snapshot, in bytes, that the prompt of this attempt has shown without a gap. Of a change
-- only; null where the first release made the prompt, which did not write it down.
ALTER TABLE attempts ADD COLUMN shown_start INTEGER;
ALTER TABLE attempts ADD COLUMN shown_end INTEGER;
