-- Whether people want the node to serve nobody; kept through restarts of node and rule service.
ALTER TABLE node ADD COLUMN drain boolean NOT NULL DEFAULT false;
