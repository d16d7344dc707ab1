BEGIN TRANSACTION;
CREATE TABLE agent_days (
	agent_id INTEGER NOT NULL, 
	day DATE NOT NULL, 
	paused_s DOUBLE NOT NULL, 
	wrapup_s DOUBLE NOT NULL, 
	ready_s DOUBLE NOT NULL, 
	login_at DOUBLE, 
	logout_at DOUBLE, 
	inbound_calls INTEGER NOT NULL, 
	inbound_answered INTEGER NOT NULL, 
	inbound_unanswered INTEGER NOT NULL, 
	inbound_talk_s DOUBLE NOT NULL, 
	inbound_ring_s DOUBLE NOT NULL, 
	outbound_calls INTEGER NOT NULL, 
	outbound_talk_s DOUBLE NOT NULL, 
	CONSTRAINT pk_agent_days PRIMARY KEY (agent_id, day)
);
INSERT INTO "agent_days" VALUES(8,'2026-11-22',1.0,2.0,3.0,NULL,NULL,6,7,8,9.0,10.0,11,12.0);
INSERT INTO "agent_days" VALUES(9,'2026-11-22',0.0,0.0,0.0,1795348800.0,NULL,0,0,0,0.0,0.0,0,0.0);
CREATE TABLE agents (
	id INTEGER NOT NULL, 
	number VARCHAR(40) NOT NULL, 
	group_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	context VARCHAR(80) NOT NULL, 
	CONSTRAINT pk_agents PRIMARY KEY (id), 
	CONSTRAINT fk_agents_group_id_groups FOREIGN KEY(group_id) REFERENCES groups (id), 
	CONSTRAINT fk_agents_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_agents_number UNIQUE (number)
);
INSERT INTO "agents" VALUES(8,'2501',1,1,'default');
INSERT INTO "agents" VALUES(9,'2502',1,2,'default');
INSERT INTO "agents" VALUES(10,'2503',1,3,'default');
INSERT INTO "agents" VALUES(11,'2504',2,4,'default');
INSERT INTO "agents" VALUES(12,'2505',2,5,'default');
INSERT INTO "agents" VALUES(13,'2506',1,6,'default');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE callback_lists (
	uuid CHAR(32) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	queue_id INTEGER NOT NULL, caller_id VARCHAR(40), 
	CONSTRAINT pk_callback_lists PRIMARY KEY (uuid), 
	CONSTRAINT fk_callback_lists_queue_id_queues FOREIGN KEY(queue_id) REFERENCES queues (id) ON DELETE CASCADE, 
	CONSTRAINT uq_callback_lists_name UNIQUE (name)
);
INSERT INTO "callback_lists" VALUES('0e9317b4b9fd5537b07f783d89876407','Test list',1,NULL);
CREATE TABLE callback_periods (
	uuid CHAR(32) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	start TIME NOT NULL, 
	"end" TIME NOT NULL, 
	"default" BOOLEAN NOT NULL, 
	CONSTRAINT pk_callback_periods PRIMARY KEY (uuid), 
	CONSTRAINT uq_callback_periods_name UNIQUE (name)
);
INSERT INTO "callback_periods" VALUES('299f7cb81e2a5e2a99329c5556b85fe3','Morning','09:00:00.000000','12:00:00.000000',1);
INSERT INTO "callback_periods" VALUES('86c10c4273a25ec8b34375169802de8b','Afternoon','14:00:00.000000','17:00:00.000000',0);
CREATE TABLE "callback_requests" (
	uuid CHAR(32) NOT NULL, 
	list_uuid CHAR(32) NOT NULL, 
	phone_number VARCHAR(40), 
	mobile_phone_number VARCHAR(40), 
	first_name VARCHAR(100), 
	last_name VARCHAR(100), 
	company TEXT, 
	description TEXT, 
	agent_id INTEGER, 
	due_date DATE NOT NULL, 
	period_uuid CHAR(32), 
	clotured BOOLEAN NOT NULL, 
	voice_message_ref VARCHAR(200), 
	created DOUBLE, 
	CONSTRAINT pk_callback_requests PRIMARY KEY (uuid), 
	CONSTRAINT fk_callback_requests_agent_id_agents FOREIGN KEY(agent_id) REFERENCES agents (id) ON DELETE SET NULL, 
	CONSTRAINT fk_callback_requests_period_uuid_callback_periods FOREIGN KEY(period_uuid) REFERENCES callback_periods (uuid) ON DELETE SET NULL, 
	CONSTRAINT fk_callback_requests_list_uuid_callback_lists FOREIGN KEY(list_uuid) REFERENCES callback_lists (uuid) ON DELETE CASCADE
);
INSERT INTO "callback_requests" VALUES('a8f73b4aef5056e8abf20d6eb55af869','0e9317b4b9fd5537b07f783d89876407','0230210082','0789654123','Alice','O''Neill','YourSociety',NULL,NULL,'2026-11-22','86c10c4273a25ec8b34375169802de8b',0,NULL,NULL);
INSERT INTO "callback_requests" VALUES('60051d03bebf5cb9803de88cf0327486','0e9317b4b9fd5537b07f783d89876407','0230210083',NULL,'Élodie','Noël','Bateaux & Fils','Asked for the 42 ft',9,'2026-11-23','299f7cb81e2a5e2a99329c5556b85fe3',1,NULL,NULL);
INSERT INTO "callback_requests" VALUES('53b815456c8052d6ba485788867b966e','0e9317b4b9fd5537b07f783d89876407','0230210084',NULL,'Bob','Yard',NULL,NULL,8,'2026-11-21',NULL,0,NULL,NULL);
INSERT INTO "callback_requests" VALUES('907160ea0aef4c409aec2121c2cb0f63','0e9317b4b9fd5537b07f783d89876407','0230210099',NULL,NULL,NULL,NULL,'Émile, 42 ft',NULL,'2026-11-22','86c10c4273a25ec8b34375169802de8b',0,'1795348800.7',1795348800.0);
CREATE TABLE callback_tickets (
	uuid CHAR(32) NOT NULL, 
	request_uuid CHAR(32) NOT NULL, 
	list_uuid CHAR(32) NOT NULL, 
	queue_id INTEGER NOT NULL, 
	agent_id INTEGER, 
	phone_number VARCHAR(40) NOT NULL, 
	started DOUBLE NOT NULL, 
	answered DOUBLE, 
	ended DOUBLE, 
	duration DOUBLE, 
	failure VARCHAR(40), 
	status VARCHAR(20), 
	comment TEXT, 
	due_date DATE, 
	period_uuid CHAR(32), 
	CONSTRAINT pk_callback_tickets PRIMARY KEY (uuid)
);
INSERT INTO "callback_tickets" VALUES('00000000000000000000000000000001','a8f73b4aef5056e8abf20d6eb55af869','0e9317b4b9fd5537b07f783d89876407',1,9,'0230210082',1795348860.0,1795348865.0,1795348895.0,30.0,NULL,'Callback','not at home','2026-11-22',NULL);
INSERT INTO "callback_tickets" VALUES('00000000000000000000000000000002','60051d03bebf5cb9803de88cf0327486','0e9317b4b9fd5537b07f783d89876407',1,9,'0230210083',1795348920.0,1795348925.0,1795348955.0,30.0,NULL,'Answered','wants the 42 ft',NULL,NULL);
CREATE TABLE default_memberships (
	user_id INTEGER NOT NULL, 
	queue_id INTEGER NOT NULL, 
	penalty INTEGER NOT NULL, 
	CONSTRAINT pk_default_memberships PRIMARY KEY (user_id, queue_id), 
	CONSTRAINT fk_default_memberships_queue_id_queues FOREIGN KEY(queue_id) REFERENCES queues (id) ON DELETE CASCADE, 
	CONSTRAINT fk_default_memberships_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "default_memberships" VALUES(2,1,0);
INSERT INTO "default_memberships" VALUES(3,2,0);
INSERT INTO "default_memberships" VALUES(4,2,0);
INSERT INTO "default_memberships" VALUES(4,3,0);
INSERT INTO "default_memberships" VALUES(5,3,0);
INSERT INTO "default_memberships" VALUES(1,1,0);
INSERT INTO "default_memberships" VALUES(1,2,5);
CREATE TABLE groups (
	id INTEGER NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_groups PRIMARY KEY (id), 
	CONSTRAINT uq_groups_name UNIQUE (name)
);
INSERT INTO "groups" VALUES(1,'default');
INSERT INTO "groups" VALUES(2,'boats');
CREATE TABLE lines (
	id INTEGER NOT NULL, 
	number VARCHAR(40) NOT NULL, 
	interface VARCHAR(80) NOT NULL, 
	context VARCHAR(80) NOT NULL, 
	CONSTRAINT pk_lines PRIMARY KEY (id), 
	CONSTRAINT uq_lines_interface UNIQUE (interface), 
	CONSTRAINT uq_lines_number UNIQUE (number)
);
INSERT INTO "lines" VALUES(1,'1001','PJSIP/1001','default');
INSERT INTO "lines" VALUES(2,'1002','PJSIP/1002','default');
INSERT INTO "lines" VALUES(3,'1003','PJSIP/1003','default');
INSERT INTO "lines" VALUES(4,'1004','PJSIP/1004','default');
INSERT INTO "lines" VALUES(5,'1005','PJSIP/1005','default');
INSERT INTO "lines" VALUES(6,'1006','PJSIP/1006','default');
INSERT INTO "lines" VALUES(7,'1007','PJSIP/1007','default');
INSERT INTO "lines" VALUES(8,'1008','PJSIP/1008','default');
INSERT INTO "lines" VALUES(9,'1009','PJSIP/1009','default');
INSERT INTO "lines" VALUES(10,'1010','PJSIP/1010','default');
CREATE TABLE memberships (
	agent_id INTEGER NOT NULL, 
	queue_id INTEGER NOT NULL, 
	penalty INTEGER NOT NULL, 
	CONSTRAINT pk_memberships PRIMARY KEY (agent_id, queue_id), 
	CONSTRAINT fk_memberships_agent_id_agents FOREIGN KEY(agent_id) REFERENCES agents (id) ON DELETE CASCADE, 
	CONSTRAINT fk_memberships_queue_id_queues FOREIGN KEY(queue_id) REFERENCES queues (id) ON DELETE CASCADE
);
INSERT INTO "memberships" VALUES(8,1,0);
INSERT INTO "memberships" VALUES(8,2,1);
INSERT INTO "memberships" VALUES(9,1,0);
INSERT INTO "memberships" VALUES(11,2,0);
INSERT INTO "memberships" VALUES(11,3,0);
INSERT INTO "memberships" VALUES(12,3,0);
INSERT INTO "memberships" VALUES(8,3,7);
CREATE TABLE meta (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('token_secret','82e8ae11e4bb0acfa5d9958b8c39f9f128c91030e55b23c01849cc13b38b9057');
CREATE TABLE queue_days (
	queue_id INTEGER NOT NULL, 
	day DATE NOT NULL, 
	entered INTEGER NOT NULL, 
	answered INTEGER NOT NULL, 
	abandoned INTEGER NOT NULL, 
	closed INTEGER NOT NULL, 
	timed_out INTEGER NOT NULL, 
	answered_soon INTEGER NOT NULL, 
	abandoned_late INTEGER NOT NULL, 
	waiting JSON NOT NULL, 
	CONSTRAINT pk_queue_days PRIMARY KEY (queue_id, day)
);
INSERT INTO "queue_days" VALUES(1,'2026-11-22',1,2,3,4,5,6,7,'{}');
INSERT INTO "queue_days" VALUES(2,'2026-11-22',0,0,0,0,0,0,0,'{"1.5": 1795348800.0}');
CREATE TABLE queues (
	id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	display_name VARCHAR(100) NOT NULL, 
	number VARCHAR(40) NOT NULL, 
	context VARCHAR(80) NOT NULL, 
	wrapup INTEGER NOT NULL, 
	CONSTRAINT pk_queues PRIMARY KEY (id), 
	CONSTRAINT uq_queues_name UNIQUE (name), 
	CONSTRAINT uq_queues_number UNIQUE (number)
);
INSERT INTO "queues" VALUES(1,'support','Support','3000','default',5);
INSERT INTO "queues" VALUES(2,'sales','Sales','3001','default',0);
INSERT INTO "queues" VALUES(3,'billing','Billing','3002','default',0);
CREATE TABLE seats (
	agent_id INTEGER NOT NULL, 
	line_id INTEGER NOT NULL, 
	logged_in BOOLEAN NOT NULL, 
	since DOUBLE NOT NULL, 
	paused BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	settled BOOLEAN NOT NULL, 
	CONSTRAINT pk_seats PRIMARY KEY (agent_id), 
	CONSTRAINT fk_seats_agent_id_agents FOREIGN KEY(agent_id) REFERENCES agents (id) ON DELETE CASCADE, 
	CONSTRAINT fk_seats_line_id_lines FOREIGN KEY(line_id) REFERENCES lines (id) ON DELETE CASCADE
);
INSERT INTO "seats" VALUES(8,1,1,1795348800.0,1,'lunch',1);
INSERT INTO "seats" VALUES(9,7,1,1795348801.0,0,'',0);
INSERT INTO "seats" VALUES(10,3,0,1795348802.0,0,'',1);
CREATE TABLE users (
	id INTEGER NOT NULL, 
	login VARCHAR(64) NOT NULL, 
	password_hash TEXT, 
	first_name VARCHAR(100) NOT NULL, 
	last_name VARCHAR(100) NOT NULL, 
	line_id INTEGER, 
	profile VARCHAR(20), 
	queue_ids JSON NOT NULL, 
	group_ids JSON NOT NULL, 
	rights JSON NOT NULL, 
	mobile_number VARCHAR(40), 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT fk_users_line_id_lines FOREIGN KEY(line_id) REFERENCES lines (id), 
	CONSTRAINT uq_users_login UNIQUE (login)
);
INSERT INTO "users" VALUES(1,'bruce','$argon2id$v=19$m=65536,t=3,p=4$xoIu4QMUFyKJbsNZ+VYv3w$wpJctuN1nl9lbWjHaRgFrZmzjdwKjiYh3d0rCuxMNtA','Bruce','Wail',1,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(2,'alice','$argon2id$v=19$m=65536,t=3,p=4$8F9W/EXcbhBudeGVH8xKbQ$1sv1sDyuuiki9vWHTztrszkygLztrdrj8bYySMaVfdQ','Alice','Johnson',2,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(3,'jack','$argon2id$v=19$m=65536,t=3,p=4$bFYje5/KOEatgy5jC76o4A$kYdSTgSb1s1C1oDsC68yXkkQZ4oYjTazjL1orpQGzVo','Jack','Flash',3,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(4,'marice','$argon2id$v=19$m=65536,t=3,p=4$AUj25JLX9OuGORVF5kKPMA$XsZJZSxLb8/YWZ+/0fFQ5IW1Gw3GTl+sWtee+HKp34Y','Maricé','Saprïtchà',4,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(5,'etienne','$argon2id$v=19$m=65536,t=3,p=4$1oqxl8tndIdxNN3uCfrN3w$utJdKY7uP8iutIK1v+CJ5uFGTYA9Dz+Paf5iscziFPw','Etienne','Burgad',5,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(6,'caroline','$argon2id$v=19$m=65536,t=3,p=4$mMfSiH0gJ6FQKcbRXDSaEw$OrWpX+F0YkM/0J7rBfbjm2uhGVbSJFd5vpXFAzeNoM4','Caroline','Heronde',6,NULL,'[]','[]','[]',NULL);
INSERT INTO "users" VALUES(7,'sue','$argon2id$v=19$m=65536,t=3,p=4$G0L6IzgFzF1jN22hIDbO2w$h8scPMBrev/a5dypsuWQR48pAsmwf+WwqOvrMzJNhyM','Sue','Pervisor',7,'Supervisor','[1]','[1]','["recording", "dissuasion"]',NULL);
INSERT INTO "users" VALUES(8,'ada','$argon2id$v=19$m=65536,t=3,p=4$snfkUjzVWjHd5JxBnlyilQ$rFPXko/VNSXjrAz22r3Rn/DpxVtu0UlGBuYkTcj1+As','Ada','Min',8,'Admin','[]','[]','["recording", "dissuasion"]',NULL);
CREATE INDEX ix_callback_requests_list_uuid ON callback_requests (list_uuid);
CREATE INDEX ix_callback_requests_voice_message_ref ON callback_requests (voice_message_ref);
CREATE INDEX ix_callback_tickets_request_uuid ON callback_tickets (request_uuid);
CREATE INDEX ix_callback_tickets_list_uuid ON callback_tickets (list_uuid);
COMMIT;
