-- New documents wait in the index's pending list until the process that fills the index moves them to their places, all
-- of a batch at once: each by itself would write every list of places that it joins anew.
ALTER INDEX search_documents_grams SET (fastupdate = on, gin_pending_list_limit = 1024);
