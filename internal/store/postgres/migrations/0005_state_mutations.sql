-- Changes that may be repeated are found in the order in which they were made: the last ones
-- of a user are read, and the others removed, without looking at the rest.
DELETE FROM user_state_mutation u USING user_state_mutation v WHERE u.user_id = v.user_id AND u.version = v.version AND u.mutation > v.mutation;
ALTER TABLE user_state_mutation DROP CONSTRAINT user_state_mutation_pkey, ADD PRIMARY KEY (user_id, version);
