-- The last life of the node that said goodbye before it ended; NULL: none has.
ALTER TABLE node ADD COLUMN left_boot text;

-- Canaries that were lost since the newest revision took part, each as often as it was.
ALTER TABLE rollout ADD COLUMN lost jsonb NOT NULL DEFAULT '[]';
