CREATE TABLE public.agent_days (
    agent_id integer NOT NULL,
    day date NOT NULL,
    paused_s double precision NOT NULL,
    wrapup_s double precision NOT NULL,
    ready_s double precision NOT NULL,
    login_at double precision,
    logout_at double precision,
    inbound_calls integer NOT NULL,
    inbound_answered integer NOT NULL,
    inbound_unanswered integer NOT NULL,
    inbound_talk_s double precision NOT NULL,
    inbound_ring_s double precision NOT NULL,
    outbound_calls integer NOT NULL,
    outbound_talk_s double precision NOT NULL
);
CREATE TABLE public.agents (
    id integer NOT NULL,
    number character varying(40) NOT NULL,
    group_id integer NOT NULL,
    user_id integer NOT NULL,
    context character varying(80) NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.callback_lists (
    uuid uuid NOT NULL,
    name character varying(100) NOT NULL,
    queue_id integer NOT NULL,
    caller_id character varying(40)
);
CREATE TABLE public.callback_periods (
    uuid uuid NOT NULL,
    name character varying(100) NOT NULL,
    start time without time zone NOT NULL,
    "end" time without time zone NOT NULL,
    "default" boolean NOT NULL
);
CREATE TABLE public.callback_requests (
    uuid uuid NOT NULL,
    list_uuid uuid NOT NULL,
    phone_number character varying(40),
    mobile_phone_number character varying(40),
    first_name character varying(100),
    last_name character varying(100),
    company text,
    description text,
    agent_id integer,
    due_date date NOT NULL,
    period_uuid uuid,
    clotured boolean NOT NULL,
    voice_message_ref character varying(200),
    created double precision
);
CREATE TABLE public.callback_tickets (
    uuid uuid NOT NULL,
    request_uuid uuid NOT NULL,
    list_uuid uuid NOT NULL,
    queue_id integer NOT NULL,
    agent_id integer,
    phone_number character varying(40) NOT NULL,
    started double precision NOT NULL,
    answered double precision,
    ended double precision,
    duration double precision,
    failure character varying(40),
    status character varying(20),
    comment text,
    due_date date,
    period_uuid uuid
);
CREATE TABLE public.default_memberships (
    user_id integer NOT NULL,
    queue_id integer NOT NULL,
    penalty integer NOT NULL
);
CREATE TABLE public.groups (
    id integer NOT NULL,
    name character varying(100) NOT NULL
);
CREATE TABLE public.lines (
    id integer NOT NULL,
    number character varying(40) NOT NULL,
    interface character varying(80) NOT NULL,
    context character varying(80) NOT NULL
);
CREATE TABLE public.memberships (
    agent_id integer NOT NULL,
    queue_id integer NOT NULL,
    penalty integer NOT NULL
);
CREATE TABLE public.meta (
    key character varying(40) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.queue_days (
    queue_id integer NOT NULL,
    day date NOT NULL,
    entered integer NOT NULL,
    answered integer NOT NULL,
    abandoned integer NOT NULL,
    closed integer NOT NULL,
    timed_out integer NOT NULL,
    answered_soon integer NOT NULL,
    abandoned_late integer NOT NULL,
    waiting json NOT NULL
);
CREATE TABLE public.queues (
    id integer NOT NULL,
    name character varying(80) NOT NULL,
    display_name character varying(100) NOT NULL,
    number character varying(40) NOT NULL,
    context character varying(80) NOT NULL,
    wrapup integer NOT NULL
);
CREATE TABLE public.seats (
    agent_id integer NOT NULL,
    line_id integer NOT NULL,
    logged_in boolean NOT NULL,
    since double precision NOT NULL,
    paused boolean NOT NULL,
    reason text NOT NULL,
    settled boolean NOT NULL
);
CREATE TABLE public.users (
    id integer NOT NULL,
    login character varying(64) NOT NULL,
    password_hash text,
    first_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    line_id integer,
    profile character varying(20),
    queue_ids json NOT NULL,
    group_ids json NOT NULL,
    rights json NOT NULL,
    mobile_number character varying(40)
);
INSERT INTO public.agent_days (agent_id, day, paused_s, wrapup_s, ready_s, login_at, logout_at, inbound_calls, inbound_answered, inbound_unanswered, inbound_talk_s, inbound_ring_s, outbound_calls, outbound_talk_s) VALUES (8, '2026-11-22', 1, 2, 3, NULL, NULL, 6, 7, 8, 9, 10, 11, 12);
INSERT INTO public.agent_days (agent_id, day, paused_s, wrapup_s, ready_s, login_at, logout_at, inbound_calls, inbound_answered, inbound_unanswered, inbound_talk_s, inbound_ring_s, outbound_calls, outbound_talk_s) VALUES (9, '2026-11-22', 0, 0, 0, 1795348800, NULL, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (8, '2501', 1, 1, 'default');
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (9, '2502', 1, 2, 'default');
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (10, '2503', 1, 3, 'default');
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (11, '2504', 2, 4, 'default');
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (12, '2505', 2, 5, 'default');
INSERT INTO public.agents (id, number, group_id, user_id, context) VALUES (13, '2506', 1, 6, 'default');
INSERT INTO public.alembic_version (version_num) VALUES ('0003');
INSERT INTO public.callback_lists (uuid, name, queue_id, caller_id) VALUES ('0e9317b4-b9fd-5537-b07f-783d89876407', 'Test list', 1, NULL);
INSERT INTO public.callback_periods (uuid, name, start, "end", "default") VALUES ('299f7cb8-1e2a-5e2a-9932-9c5556b85fe3', 'Morning', '09:00:00', '12:00:00', true);
INSERT INTO public.callback_periods (uuid, name, start, "end", "default") VALUES ('86c10c42-73a2-5ec8-b343-75169802de8b', 'Afternoon', '14:00:00', '17:00:00', false);
INSERT INTO public.callback_requests (uuid, list_uuid, phone_number, mobile_phone_number, first_name, last_name, company, description, agent_id, due_date, period_uuid, clotured, voice_message_ref, created) VALUES ('a8f73b4a-ef50-56e8-abf2-0d6eb55af869', '0e9317b4-b9fd-5537-b07f-783d89876407', '0230210082', '0789654123', 'Alice', 'O''Neill', 'YourSociety', NULL, NULL, '2026-11-22', '86c10c42-73a2-5ec8-b343-75169802de8b', false, NULL, NULL);
INSERT INTO public.callback_requests (uuid, list_uuid, phone_number, mobile_phone_number, first_name, last_name, company, description, agent_id, due_date, period_uuid, clotured, voice_message_ref, created) VALUES ('60051d03-bebf-5cb9-803d-e88cf0327486', '0e9317b4-b9fd-5537-b07f-783d89876407', '0230210083', NULL, 'Élodie', 'Noël', 'Bateaux & Fils', 'Asked for the 42 ft', 9, '2026-11-23', '299f7cb8-1e2a-5e2a-9932-9c5556b85fe3', true, NULL, NULL);
INSERT INTO public.callback_requests (uuid, list_uuid, phone_number, mobile_phone_number, first_name, last_name, company, description, agent_id, due_date, period_uuid, clotured, voice_message_ref, created) VALUES ('53b81545-6c80-52d6-ba48-5788867b966e', '0e9317b4-b9fd-5537-b07f-783d89876407', '0230210084', NULL, 'Bob', 'Yard', NULL, NULL, 8, '2026-11-21', NULL, false, NULL, NULL);
INSERT INTO public.callback_requests (uuid, list_uuid, phone_number, mobile_phone_number, first_name, last_name, company, description, agent_id, due_date, period_uuid, clotured, voice_message_ref, created) VALUES ('907160ea-0aef-4c40-9aec-2121c2cb0f63', '0e9317b4-b9fd-5537-b07f-783d89876407', '0230210099', NULL, NULL, NULL, NULL, 'Émile, 42 ft', NULL, '2026-11-22', '86c10c42-73a2-5ec8-b343-75169802de8b', false, '1795348800.7', 1795348800);
INSERT INTO public.callback_tickets (uuid, request_uuid, list_uuid, queue_id, agent_id, phone_number, started, answered, ended, duration, failure, status, comment, due_date, period_uuid) VALUES ('00000000-0000-0000-0000-000000000001', 'a8f73b4a-ef50-56e8-abf2-0d6eb55af869', '0e9317b4-b9fd-5537-b07f-783d89876407', 1, 9, '0230210082', 1795348860, 1795348865, 1795348895, 30, NULL, 'Callback', 'not at home', '2026-11-22', NULL);
INSERT INTO public.callback_tickets (uuid, request_uuid, list_uuid, queue_id, agent_id, phone_number, started, answered, ended, duration, failure, status, comment, due_date, period_uuid) VALUES ('00000000-0000-0000-0000-000000000002', '60051d03-bebf-5cb9-803d-e88cf0327486', '0e9317b4-b9fd-5537-b07f-783d89876407', 1, 9, '0230210083', 1795348920, 1795348925, 1795348955, 30, NULL, 'Answered', 'wants the 42 ft', NULL, NULL);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (2, 1, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (3, 2, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (4, 2, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (4, 3, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (5, 3, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (1, 1, 0);
INSERT INTO public.default_memberships (user_id, queue_id, penalty) VALUES (1, 2, 5);
INSERT INTO public.groups (id, name) VALUES (1, 'default');
INSERT INTO public.groups (id, name) VALUES (2, 'boats');
INSERT INTO public.lines (id, number, interface, context) VALUES (1, '1001', 'PJSIP/1001', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (2, '1002', 'PJSIP/1002', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (3, '1003', 'PJSIP/1003', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (4, '1004', 'PJSIP/1004', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (5, '1005', 'PJSIP/1005', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (6, '1006', 'PJSIP/1006', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (7, '1007', 'PJSIP/1007', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (8, '1008', 'PJSIP/1008', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (9, '1009', 'PJSIP/1009', 'default');
INSERT INTO public.lines (id, number, interface, context) VALUES (10, '1010', 'PJSIP/1010', 'default');
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (8, 1, 0);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (8, 2, 1);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (9, 1, 0);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (11, 2, 0);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (11, 3, 0);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (12, 3, 0);
INSERT INTO public.memberships (agent_id, queue_id, penalty) VALUES (8, 3, 7);
INSERT INTO public.meta (key, value) VALUES ('token_secret', '82e8ae11e4bb0acfa5d9958b8c39f9f128c91030e55b23c01849cc13b38b9057');
INSERT INTO public.queue_days (queue_id, day, entered, answered, abandoned, closed, timed_out, answered_soon, abandoned_late, waiting) VALUES (1, '2026-11-22', 1, 2, 3, 4, 5, 6, 7, '{}');
INSERT INTO public.queue_days (queue_id, day, entered, answered, abandoned, closed, timed_out, answered_soon, abandoned_late, waiting) VALUES (2, '2026-11-22', 0, 0, 0, 0, 0, 0, 0, '{"1.5": 1795348800.0}');
INSERT INTO public.queues (id, name, display_name, number, context, wrapup) VALUES (1, 'support', 'Support', '3000', 'default', 5);
INSERT INTO public.queues (id, name, display_name, number, context, wrapup) VALUES (2, 'sales', 'Sales', '3001', 'default', 0);
INSERT INTO public.queues (id, name, display_name, number, context, wrapup) VALUES (3, 'billing', 'Billing', '3002', 'default', 0);
INSERT INTO public.seats (agent_id, line_id, logged_in, since, paused, reason, settled) VALUES (8, 1, true, 1795348800, true, 'lunch', true);
INSERT INTO public.seats (agent_id, line_id, logged_in, since, paused, reason, settled) VALUES (9, 7, true, 1795348801, false, '', false);
INSERT INTO public.seats (agent_id, line_id, logged_in, since, paused, reason, settled) VALUES (10, 3, false, 1795348802, false, '', true);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (1, 'bruce', '$argon2id$v=19$m=65536,t=3,p=4$xoIu4QMUFyKJbsNZ+VYv3w$wpJctuN1nl9lbWjHaRgFrZmzjdwKjiYh3d0rCuxMNtA', 'Bruce', 'Wail', 1, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (2, 'alice', '$argon2id$v=19$m=65536,t=3,p=4$8F9W/EXcbhBudeGVH8xKbQ$1sv1sDyuuiki9vWHTztrszkygLztrdrj8bYySMaVfdQ', 'Alice', 'Johnson', 2, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (3, 'jack', '$argon2id$v=19$m=65536,t=3,p=4$bFYje5/KOEatgy5jC76o4A$kYdSTgSb1s1C1oDsC68yXkkQZ4oYjTazjL1orpQGzVo', 'Jack', 'Flash', 3, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (4, 'marice', '$argon2id$v=19$m=65536,t=3,p=4$AUj25JLX9OuGORVF5kKPMA$XsZJZSxLb8/YWZ+/0fFQ5IW1Gw3GTl+sWtee+HKp34Y', 'Maricé', 'Saprïtchà', 4, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (5, 'etienne', '$argon2id$v=19$m=65536,t=3,p=4$1oqxl8tndIdxNN3uCfrN3w$utJdKY7uP8iutIK1v+CJ5uFGTYA9Dz+Paf5iscziFPw', 'Etienne', 'Burgad', 5, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (6, 'caroline', '$argon2id$v=19$m=65536,t=3,p=4$mMfSiH0gJ6FQKcbRXDSaEw$OrWpX+F0YkM/0J7rBfbjm2uhGVbSJFd5vpXFAzeNoM4', 'Caroline', 'Heronde', 6, NULL, '[]', '[]', '[]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (7, 'sue', '$argon2id$v=19$m=65536,t=3,p=4$G0L6IzgFzF1jN22hIDbO2w$h8scPMBrev/a5dypsuWQR48pAsmwf+WwqOvrMzJNhyM', 'Sue', 'Pervisor', 7, 'Supervisor', '[1]', '[1]', '["recording", "dissuasion"]', NULL);
INSERT INTO public.users (id, login, password_hash, first_name, last_name, line_id, profile, queue_ids, group_ids, rights, mobile_number) VALUES (8, 'ada', '$argon2id$v=19$m=65536,t=3,p=4$snfkUjzVWjHd5JxBnlyilQ$rFPXko/VNSXjrAz22r3Rn/DpxVtu0UlGBuYkTcj1+As', 'Ada', 'Min', 8, 'Admin', '[]', '[]', '["recording", "dissuasion"]', NULL);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.agent_days
    ADD CONSTRAINT pk_agent_days PRIMARY KEY (agent_id, day);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT pk_agents PRIMARY KEY (id);
ALTER TABLE ONLY public.callback_lists
    ADD CONSTRAINT pk_callback_lists PRIMARY KEY (uuid);
ALTER TABLE ONLY public.callback_periods
    ADD CONSTRAINT pk_callback_periods PRIMARY KEY (uuid);
ALTER TABLE ONLY public.callback_requests
    ADD CONSTRAINT pk_callback_requests PRIMARY KEY (uuid);
ALTER TABLE ONLY public.callback_tickets
    ADD CONSTRAINT pk_callback_tickets PRIMARY KEY (uuid);
ALTER TABLE ONLY public.default_memberships
    ADD CONSTRAINT pk_default_memberships PRIMARY KEY (user_id, queue_id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT pk_groups PRIMARY KEY (id);
ALTER TABLE ONLY public.lines
    ADD CONSTRAINT pk_lines PRIMARY KEY (id);
ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT pk_memberships PRIMARY KEY (agent_id, queue_id);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT pk_meta PRIMARY KEY (key);
ALTER TABLE ONLY public.queue_days
    ADD CONSTRAINT pk_queue_days PRIMARY KEY (queue_id, day);
ALTER TABLE ONLY public.queues
    ADD CONSTRAINT pk_queues PRIMARY KEY (id);
ALTER TABLE ONLY public.seats
    ADD CONSTRAINT pk_seats PRIMARY KEY (agent_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT uq_agents_number UNIQUE (number);
ALTER TABLE ONLY public.callback_lists
    ADD CONSTRAINT uq_callback_lists_name UNIQUE (name);
ALTER TABLE ONLY public.callback_periods
    ADD CONSTRAINT uq_callback_periods_name UNIQUE (name);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT uq_groups_name UNIQUE (name);
ALTER TABLE ONLY public.lines
    ADD CONSTRAINT uq_lines_interface UNIQUE (interface);
ALTER TABLE ONLY public.lines
    ADD CONSTRAINT uq_lines_number UNIQUE (number);
ALTER TABLE ONLY public.queues
    ADD CONSTRAINT uq_queues_name UNIQUE (name);
ALTER TABLE ONLY public.queues
    ADD CONSTRAINT uq_queues_number UNIQUE (number);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_login UNIQUE (login);
CREATE INDEX ix_callback_requests_list_uuid ON public.callback_requests USING btree (list_uuid);
CREATE INDEX ix_callback_requests_voice_message_ref ON public.callback_requests USING btree (voice_message_ref);
CREATE INDEX ix_callback_tickets_list_uuid ON public.callback_tickets USING btree (list_uuid);
CREATE INDEX ix_callback_tickets_request_uuid ON public.callback_tickets USING btree (request_uuid);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_group_id_groups FOREIGN KEY (group_id) REFERENCES public.groups(id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.callback_lists
    ADD CONSTRAINT fk_callback_lists_queue_id_queues FOREIGN KEY (queue_id) REFERENCES public.queues(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.callback_requests
    ADD CONSTRAINT fk_callback_requests_agent_id_agents FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.callback_requests
    ADD CONSTRAINT fk_callback_requests_list_uuid_callback_lists FOREIGN KEY (list_uuid) REFERENCES public.callback_lists(uuid) ON DELETE CASCADE;
ALTER TABLE ONLY public.callback_requests
    ADD CONSTRAINT fk_callback_requests_period_uuid_callback_periods FOREIGN KEY (period_uuid) REFERENCES public.callback_periods(uuid) ON DELETE SET NULL;
ALTER TABLE ONLY public.default_memberships
    ADD CONSTRAINT fk_default_memberships_queue_id_queues FOREIGN KEY (queue_id) REFERENCES public.queues(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.default_memberships
    ADD CONSTRAINT fk_default_memberships_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT fk_memberships_agent_id_agents FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT fk_memberships_queue_id_queues FOREIGN KEY (queue_id) REFERENCES public.queues(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.seats
    ADD CONSTRAINT fk_seats_agent_id_agents FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.seats
    ADD CONSTRAINT fk_seats_line_id_lines FOREIGN KEY (line_id) REFERENCES public.lines(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users
    ADD CONSTRAINT fk_users_line_id_lines FOREIGN KEY (line_id) REFERENCES public.lines(id);
