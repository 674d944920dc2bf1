BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail JSON NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,'2026-11-23 23:35:59.617407','eve','x','y','{"z": [1, null, "\u00fc"]}','0000000000000000000000000000000000000000000000000000000000000000','7b65efb90a61f6913e0c6a1dcd76d59ee1435bfbd8c45f1207be19277adef6bc');
CREATE TABLE cameras (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	settings JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_cameras PRIMARY KEY (id), 
	CONSTRAINT uq_cameras_name UNIQUE (name)
);
INSERT INTO "cameras" VALUES('01a20ac4316f0975b13b10391a324116','lab','{"url": "rtsp://h/1"}','2026-03-02 12:00:00.250000','2026-03-02 12:00:00.250000');
CREATE TABLE deletions (
	id TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	what TEXT NOT NULL, 
	item TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	sha256 TEXT, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	CONSTRAINT pk_deletions PRIMARY KEY (id)
);
INSERT INTO "deletions" VALUES('01a20ac431b2d0e2c961e1303be61e00','2026-11-23 23:35:59.666606','snapshot','01a20ac43195b71d2c9ef05cca80ad46',1,'af4a0aad89e6a055ed6ed4eed1b3d9ac5c8bcaa3b1f0c71587bbf2ec0ad6d1de','age','system');
CREATE TABLE deliveries (
	id TEXT NOT NULL, 
	episode_id TEXT, 
	kind TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	recipient TEXT, 
	stage INTEGER NOT NULL, 
	camera TEXT, 
	payload JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	claimed_at DATETIME, 
	attempts INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	last_error TEXT, 
	permanent BOOLEAN NOT NULL, 
	sent_at DATETIME, message_id TEXT, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT fk_deliveries_episode_id FOREIGN KEY(episode_id) REFERENCES episodes (id) ON DELETE CASCADE
);
INSERT INTO "deliveries" VALUES('01a20ac431467e8eff79e3bde6aad201','01a20ac4313688e11d209da45a8265ff','violation','office',NULL,0,NULL,'{}','2026-11-23 23:35:59.558245','2026-11-23 23:35:59.558245',NULL,0,'pending',NULL,0,NULL,NULL);
CREATE TABLE episode_readings (
	episode_id TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	state TEXT NOT NULL, 
	fault TEXT, 
	coverage FLOAT, 
	quality FLOAT NOT NULL, 
	CONSTRAINT pk_episode_readings PRIMARY KEY (episode_id, at), 
	CONSTRAINT fk_episode_readings_episode_id FOREIGN KEY(episode_id) REFERENCES episodes (id) ON DELETE CASCADE
);
INSERT INTO "episode_readings" VALUES('01a20ac4313688e11d209da45a8265ff','2026-03-02 12:00:00.250000','no_mask',NULL,3.5,0.5);
CREATE TABLE episodes (
	id TEXT NOT NULL, 
	camera TEXT NOT NULL, 
	zone TEXT, 
	track INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	fault TEXT, 
	coverage FLOAT, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	snapshot_id TEXT, 
	acknowledged_by TEXT, 
	acknowledged_at DATETIME, 
	corrected_state TEXT, 
	corrected_fault TEXT, 
	corrected_by TEXT, 
	corrected_at DATETIME, 
	model_version TEXT NOT NULL, 
	CONSTRAINT pk_episodes PRIMARY KEY (id)
);
INSERT INTO "episodes" VALUES('01a20ac4313688e11d209da45a8265ff','entrance','Tür',1,'incorrect','nose_out',3.5,'2026-03-02 12:00:00.250000',NULL,'01a20ac43137627a4dbc12788716a88b',NULL,NULL,NULL,NULL,NULL,NULL,'1.0');
CREATE TABLE health (
	id TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	camera TEXT, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_health PRIMARY KEY (id)
);
INSERT INTO "health" VALUES('01a20ac43171044124af5b474067dcc8','2026-03-02 12:00:00.250000','lab','connection','lost','no data');
CREATE TABLE people (
	id TEXT NOT NULL, 
	camera TEXT NOT NULL, 
	zone TEXT, 
	track INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	fault TEXT, 
	first_at DATETIME NOT NULL, 
	last_at DATETIME NOT NULL, 
	quarter_at DATETIME NOT NULL, 
	CONSTRAINT pk_people PRIMARY KEY (id)
);
INSERT INTO "people" VALUES('01a20ac4314a06c162226aa522b9d373','entrance',NULL,1,'mask',NULL,'2026-03-02 12:00:00.250000','2026-03-02 12:00:00.250000','2026-03-02 12:00:00.000000');
CREATE TABLE people_buckets (
	camera TEXT NOT NULL, 
	zone TEXT NOT NULL, 
	start_at DATETIME NOT NULL, 
	span_s INTEGER NOT NULL, 
	mask INTEGER, 
	incorrect INTEGER, 
	no_mask INTEGER, 
	unknown INTEGER, 
	nose_out INTEGER, 
	under_chin INTEGER, 
	chin_out INTEGER, 
	other INTEGER, 
	hidden INTEGER NOT NULL, 
	CONSTRAINT pk_people_buckets PRIMARY KEY (camera, zone, start_at)
);
INSERT INTO "people_buckets" VALUES('lab','','2026-03-02 12:00:00.250000',900,7,0,0,0,0,0,0,0,0);
CREATE TABLE people_quarters (
	camera TEXT NOT NULL, 
	quarter INTEGER NOT NULL, 
	zone TEXT NOT NULL, 
	mask INTEGER NOT NULL, 
	incorrect INTEGER NOT NULL, 
	no_mask INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	nose_out INTEGER NOT NULL, 
	under_chin INTEGER NOT NULL, 
	chin_out INTEGER NOT NULL, 
	other INTEGER NOT NULL, 
	CONSTRAINT pk_people_quarters PRIMARY KEY (camera, quarter, zone)
)
 WITHOUT ROWID

;
INSERT INTO "people_quarters" VALUES('',1969392,'',1,0,0,0,0,0,0,0);
INSERT INTO "people_quarters" VALUES('entrance',1969392,'',1,0,0,0,0,0,0,0);
CREATE TABLE readings (
	camera TEXT NOT NULL, 
	zone TEXT NOT NULL, 
	minute DATETIME NOT NULL, 
	frames INTEGER NOT NULL, 
	mask INTEGER NOT NULL, 
	incorrect INTEGER NOT NULL, 
	no_mask INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	CONSTRAINT pk_readings PRIMARY KEY (camera, zone, minute)
);
INSERT INTO "readings" VALUES('entrance','','2026-03-02 12:00:00.250000',5,1,2,3,4);
CREATE TABLE reviews (
	id TEXT NOT NULL, 
	snapshot_id TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	face INTEGER NOT NULL, 
	episode_id TEXT, 
	state TEXT, 
	fault TEXT, 
	label TEXT, 
	label_fault TEXT, 
	labelled_by TEXT, 
	labelled_at DATETIME, 
	skipped BOOLEAN NOT NULL, 
	CONSTRAINT pk_reviews PRIMARY KEY (id), 
	CONSTRAINT fk_reviews_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (id) ON DELETE CASCADE, 
	CONSTRAINT uq_reviews_snapshot_id_face UNIQUE (snapshot_id, face)
);
INSERT INTO "reviews" VALUES('01a20ac4316114f22a39cd2259134061','01a20ac43137627a4dbc12788716a88b','wrong','2026-03-02 12:00:00.250000',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE sessions (
	token_hash TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	address TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "sessions" VALUES('t','u','2026-03-02 12:00:00.250000','2026-03-02 12:16:40.250000','2026-03-02 12:00:00.250000','','');
CREATE TABLE settings (
	name TEXT NOT NULL, 
	value JSON NOT NULL, 
	CONSTRAINT pk_settings PRIMARY KEY (name)
);
INSERT INTO "settings" VALUES('secret:links','"de822585b162106ae2b45024eda9447588c296003bc2dcbee9923b5f72c22123"');
CREATE TABLE snapshots (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	camera TEXT NOT NULL, 
	episode_id TEXT, 
	taken_at DATETIME NOT NULL, 
	file TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	faces JSON NOT NULL, 
	CONSTRAINT pk_snapshots PRIMARY KEY (id), 
	CONSTRAINT uq_snapshots_file UNIQUE (file)
);
INSERT INTO "snapshots" VALUES('01a20ac43137627a4dbc12788716a88b','episode','entrance','01a20ac4313688e11d209da45a8265ff','2026-03-02 12:00:00.250000','2026/03/02/01a20ac43137627a4dbc12788716a88b.jpg','7ea12480d5fcb797961d35983ef95e76bef46c7bfce339158d3b2dadb8432133',3000,64,64,'[{"box": [10, 10, 40, 50], "state": "no_mask", "fault": null, "coverage": 2.0, "is_subject": true, "blurred": true}]');
CREATE TABLE tokens (
	id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	token_hash TEXT NOT NULL, 
	scopes JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	last_used_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_tokens PRIMARY KEY (id), 
	CONSTRAINT fk_tokens_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_tokens_token_hash UNIQUE (token_hash)
);
INSERT INTO "tokens" VALUES('p','u','nagios','h','["system:read"]','2026-03-02 12:00:00.250000',NULL,NULL,NULL);
CREATE TABLE users (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password_hash TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	disabled_at DATETIME, 
	last_login_at DATETIME, 
	language TEXT NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_name_key UNIQUE (name_key)
);
INSERT INTO "users" VALUES('u','Eve','eve','admin','hash','2026-03-02 12:00:00.250000',NULL,NULL,'en');
CREATE TABLE walks (
	id TEXT NOT NULL, 
	camera TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME NOT NULL, 
	walked_by TEXT NOT NULL, 
	report JSON NOT NULL, 
	CONSTRAINT pk_walks PRIMARY KEY (id)
);
INSERT INTO "walks" VALUES('01a20ac431738d896a676b1e2da30408','lab','2026-03-02 12:00:00.250000','2026-03-02 12:01:00.250000','eve','{"readable_px": 20}');
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_deletions_at_id ON deletions (at, id);
CREATE INDEX ix_deletions_item ON deletions (item);
CREATE INDEX ix_episodes_camera_started_at_id ON episodes (camera, started_at, id);
CREATE INDEX ix_episodes_ended_at ON episodes (ended_at);
CREATE INDEX ix_episodes_started_at_id ON episodes (started_at, id);
CREATE INDEX ix_health_at_id ON health (at, id);
CREATE INDEX ix_health_camera_kind_at ON health (camera, kind, at);
CREATE INDEX ix_people_quarter_at ON people (quarter_at);
CREATE INDEX ix_people_buckets_start_at ON people_buckets (start_at);
CREATE INDEX ix_readings_minute ON readings (minute);
CREATE INDEX ix_snapshots_episode_id ON snapshots (episode_id);
CREATE INDEX ix_snapshots_kind_taken_at ON snapshots (kind, taken_at);
CREATE INDEX ix_snapshots_taken_at_id ON snapshots (taken_at, id);
CREATE INDEX ix_deliveries_created_at_id ON deliveries (created_at, id);
CREATE INDEX ix_deliveries_episode_id ON deliveries (episode_id);
CREATE INDEX ix_deliveries_state_not_before ON deliveries (state, not_before);
CREATE INDEX ix_reviews_labelled_at_skipped_created_at ON reviews (labelled_at, skipped, created_at);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_tokens_user_id ON tokens (user_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE INDEX ix_walks_started_at_id ON walks (started_at, id);
CREATE INDEX ix_walks_camera_started_at_id ON walks (camera, started_at, id);
CREATE TRIGGER people_insert_counts AFTER insert ON people BEGIN INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (NEW.camera, CAST(strftime('%s', NEW.quarter_at) AS INTEGER) / 900, COALESCE(NEW.zone, ''), +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)), ('', CAST(strftime('%s', NEW.quarter_at) AS INTEGER) / 900, '', +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; END;
CREATE TRIGGER people_delete_counts AFTER delete ON people BEGIN INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (OLD.camera, CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900, COALESCE(OLD.zone, ''), -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)), ('', CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900, '', -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; DELETE FROM people_quarters WHERE camera IN (OLD.camera, '') AND quarter = CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900 AND mask = 0 AND incorrect = 0 AND no_mask = 0 AND unknown = 0; END;
CREATE TRIGGER people_update_counts AFTER update ON people BEGIN INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (OLD.camera, CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900, COALESCE(OLD.zone, ''), -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)), ('', CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900, '', -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; DELETE FROM people_quarters WHERE camera IN (OLD.camera, '') AND quarter = CAST(strftime('%s', OLD.quarter_at) AS INTEGER) / 900 AND mask = 0 AND incorrect = 0 AND no_mask = 0 AND unknown = 0; INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (NEW.camera, CAST(strftime('%s', NEW.quarter_at) AS INTEGER) / 900, COALESCE(NEW.zone, ''), +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)), ('', CAST(strftime('%s', NEW.quarter_at) AS INTEGER) / 900, '', +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; END;
CREATE INDEX ix_deliveries_sent_at ON deliveries (sent_at);
CREATE INDEX ix_snapshots_kind_size ON snapshots (kind, size);
CREATE INDEX ix_health_camera_at_id ON health (camera, at, id);
COMMIT;
