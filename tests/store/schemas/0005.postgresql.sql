CREATE FUNCTION public.audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE FUNCTION public.count_people() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF TG_OP <> 'INSERT' THEN INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (OLD.camera, (EXTRACT(EPOCH FROM OLD.quarter_at)::bigint / 900)::integer, COALESCE(OLD.zone, ''), -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)), ('', (EXTRACT(EPOCH FROM OLD.quarter_at)::bigint / 900)::integer, '', -(CASE WHEN OLD.state = 'mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'incorrect' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'no_mask' THEN 1 ELSE 0 END), -(CASE WHEN OLD.state = 'unknown' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'nose_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'under_chin' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'chin_out' THEN 1 ELSE 0 END), -(CASE WHEN OLD.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; DELETE FROM people_quarters WHERE camera IN (OLD.camera, '') AND quarter = (EXTRACT(EPOCH FROM OLD.quarter_at)::bigint / 900)::integer AND mask = 0 AND incorrect = 0 AND no_mask = 0 AND unknown = 0; END IF; IF TG_OP <> 'DELETE' THEN INSERT INTO people_quarters (camera, quarter, zone, mask, incorrect, no_mask, unknown, nose_out, under_chin, chin_out, other) VALUES (NEW.camera, (EXTRACT(EPOCH FROM NEW.quarter_at)::bigint / 900)::integer, COALESCE(NEW.zone, ''), +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)), ('', (EXTRACT(EPOCH FROM NEW.quarter_at)::bigint / 900)::integer, '', +(CASE WHEN NEW.state = 'mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'incorrect' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'no_mask' THEN 1 ELSE 0 END), +(CASE WHEN NEW.state = 'unknown' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'nose_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'under_chin' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'chin_out' THEN 1 ELSE 0 END), +(CASE WHEN NEW.fault = 'other' THEN 1 ELSE 0 END)) ON CONFLICT (camera, quarter, zone) DO UPDATE SET mask = people_quarters.mask + excluded.mask, incorrect = people_quarters.incorrect + excluded.incorrect, no_mask = people_quarters.no_mask + excluded.no_mask, unknown = people_quarters.unknown + excluded.unknown, nose_out = people_quarters.nose_out + excluded.nose_out, under_chin = people_quarters.under_chin + excluded.under_chin, chin_out = people_quarters.chin_out + excluded.chin_out, other = people_quarters.other + excluded.other; END IF; RETURN NULL; END $$;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit (
    seq integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail json NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.cameras (
    id text NOT NULL,
    name text NOT NULL,
    settings json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.deletions (
    id text NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    item text NOT NULL,
    count integer NOT NULL,
    sha256 text,
    reason text NOT NULL,
    actor text NOT NULL
);
CREATE TABLE public.deliveries (
    id text NOT NULL,
    episode_id text,
    kind text NOT NULL,
    channel text NOT NULL,
    recipient text,
    stage integer NOT NULL,
    camera text,
    payload json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL,
    claimed_at timestamp with time zone,
    attempts integer NOT NULL,
    state text NOT NULL,
    last_error text,
    permanent boolean NOT NULL,
    sent_at timestamp with time zone,
    message_id text
);
CREATE TABLE public.episode_readings (
    episode_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    state text NOT NULL,
    fault text,
    coverage double precision,
    quality double precision NOT NULL
);
CREATE TABLE public.episodes (
    id text NOT NULL,
    camera text NOT NULL,
    zone text,
    track integer NOT NULL,
    state text NOT NULL,
    fault text,
    coverage double precision,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    snapshot_id text,
    acknowledged_by text,
    acknowledged_at timestamp with time zone,
    corrected_state text,
    corrected_fault text,
    corrected_by text,
    corrected_at timestamp with time zone,
    model_version text NOT NULL
);
CREATE TABLE public.health (
    id text NOT NULL,
    at timestamp with time zone NOT NULL,
    camera text,
    kind text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL
);
CREATE TABLE public.people (
    id text NOT NULL,
    camera text NOT NULL,
    zone text,
    track integer NOT NULL,
    state text NOT NULL,
    fault text,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    quarter_at timestamp with time zone NOT NULL
);
CREATE TABLE public.people_buckets (
    camera text NOT NULL,
    zone text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    span_s integer NOT NULL,
    mask integer,
    incorrect integer,
    no_mask integer,
    unknown integer,
    nose_out integer,
    under_chin integer,
    chin_out integer,
    other integer,
    hidden integer NOT NULL
);
CREATE TABLE public.people_quarters (
    camera text NOT NULL,
    quarter integer NOT NULL,
    zone text NOT NULL,
    mask integer NOT NULL,
    incorrect integer NOT NULL,
    no_mask integer NOT NULL,
    unknown integer NOT NULL,
    nose_out integer NOT NULL,
    under_chin integer NOT NULL,
    chin_out integer NOT NULL,
    other integer NOT NULL
);
CREATE TABLE public.readings (
    camera text NOT NULL,
    zone text NOT NULL,
    minute timestamp with time zone NOT NULL,
    frames integer NOT NULL,
    mask integer NOT NULL,
    incorrect integer NOT NULL,
    no_mask integer NOT NULL,
    unknown integer NOT NULL
);
CREATE TABLE public.reviews (
    id text NOT NULL,
    snapshot_id text NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    face integer NOT NULL,
    episode_id text,
    state text,
    fault text,
    label text,
    label_fault text,
    labelled_by text,
    labelled_at timestamp with time zone,
    skipped boolean NOT NULL
);
CREATE TABLE public.sessions (
    token_hash text NOT NULL,
    user_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    address text NOT NULL,
    agent text NOT NULL
);
CREATE TABLE public.settings (
    name text NOT NULL,
    value json NOT NULL
);
CREATE TABLE public.snapshots (
    id text NOT NULL,
    kind text NOT NULL,
    camera text NOT NULL,
    episode_id text,
    taken_at timestamp with time zone NOT NULL,
    file text NOT NULL,
    sha256 text NOT NULL,
    size integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    faces json NOT NULL
);
CREATE TABLE public.tokens (
    id text NOT NULL,
    user_id text NOT NULL,
    name text NOT NULL,
    token_hash text NOT NULL,
    scopes json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.users (
    id text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    last_login_at timestamp with time zone,
    language text NOT NULL
);
CREATE TABLE public.walks (
    id text NOT NULL,
    camera text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    walked_by text NOT NULL,
    report json NOT NULL
);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.audit VALUES (1, '2026-11-23 23:36:07.045284+00', 'eve', 'x', 'y', '{"z": [1, null, "\u00fc"]}', '0000000000000000000000000000000000000000000000000000000000000000', '0e99cf3f75361a8aa18d0596b1650155cde8b296b4c7b7cd3eba862d7326a1c3');
INSERT INTO public.cameras VALUES ('01a20ac44e46a065f0a32bf72a642a97', 'lab', '{"url": "rtsp://h/1"}', '2026-03-02 12:00:00.25+00', '2026-03-02 12:00:00.25+00');
INSERT INTO public.deletions VALUES ('01a20ac44ef5a186de1951458d1f87be', '2026-11-23 23:36:07.15705+00', 'snapshot', '01a20ac44ea5d5a63e2d1e0eef821a6b', 1, 'af4a0aad89e6a055ed6ed4eed1b3d9ac5c8bcaa3b1f0c71587bbf2ec0ad6d1de', 'age', 'system');
INSERT INTO public.deliveries VALUES ('01a20ac44d9953de76941b0f2af7c486', '01a20ac44d320be9e3ab5669bce39ba9', 'violation', 'office', NULL, 0, NULL, '{}', '2026-11-23 23:36:06.809293+00', '2026-11-23 23:36:06.809293+00', NULL, 0, 'pending', NULL, false, NULL, NULL);
INSERT INTO public.episode_readings VALUES ('01a20ac44d320be9e3ab5669bce39ba9', '2026-03-02 12:00:00.25+00', 'no_mask', NULL, 3.5, 0.5);
INSERT INTO public.episodes VALUES ('01a20ac44d320be9e3ab5669bce39ba9', 'entrance', 'Tür', 1, 'incorrect', 'nose_out', 3.5, '2026-03-02 12:00:00.25+00', NULL, '01a20ac44d33ed61b34f7ca8b8320bc4', NULL, NULL, NULL, NULL, NULL, NULL, '1.0');
INSERT INTO public.health VALUES ('01a20ac44e4e563bc12f5e5e85e29d46', '2026-03-02 12:00:00.25+00', 'lab', 'connection', 'lost', 'no data');
INSERT INTO public.people VALUES ('01a20ac44daf4a3de9580f45de9ceec5', 'entrance', NULL, 1, 'mask', NULL, '2026-03-02 12:00:00.25+00', '2026-03-02 12:00:00.25+00', '2026-03-02 12:00:00+00');
INSERT INTO public.people_buckets VALUES ('lab', '', '2026-03-02 12:00:00.25+00', 900, 7, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.people_quarters VALUES ('entrance', 1969392, '', 1, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.people_quarters VALUES ('', 1969392, '', 1, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO public.readings VALUES ('entrance', '', '2026-03-02 12:00:00.25+00', 5, 1, 2, 3, 4);
INSERT INTO public.reviews VALUES ('01a20ac44df5ea21ee591d090e2a2912', '01a20ac44d33ed61b34f7ca8b8320bc4', 'wrong', '2026-03-02 12:00:00.25+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false);
INSERT INTO public.sessions VALUES ('t', 'u', '2026-03-02 12:00:00.25+00', '2026-03-02 12:16:40.25+00', '2026-03-02 12:00:00.25+00', '', '');
INSERT INTO public.settings VALUES ('secret:links', '"deb7309f34993d989c9f8aeaa35c5c98a35b98f34a14d900ebd2fd23ca02ec01"');
INSERT INTO public.snapshots VALUES ('01a20ac44d33ed61b34f7ca8b8320bc4', 'episode', 'entrance', '01a20ac44d320be9e3ab5669bce39ba9', '2026-03-02 12:00:00.25+00', '2026/03/02/01a20ac44d33ed61b34f7ca8b8320bc4.jpg', '7ea12480d5fcb797961d35983ef95e76bef46c7bfce339158d3b2dadb8432133', 3000, 64, 64, '[{"box": [10, 10, 40, 50], "state": "no_mask", "fault": null, "coverage": 2.0, "is_subject": true, "blurred": true}]');
INSERT INTO public.tokens VALUES ('p', 'u', 'nagios', 'h', '["system:read"]', '2026-03-02 12:00:00.25+00', NULL, NULL, NULL);
INSERT INTO public.users VALUES ('u', 'Eve', 'eve', 'admin', 'hash', '2026-03-02 12:00:00.25+00', NULL, NULL, 'en');
INSERT INTO public.walks VALUES ('01a20ac44e5ead5c5b0cc0a19d51d3c6', 'lab', '2026-03-02 12:00:00.25+00', '2026-03-02 12:01:00.25+00', 'eve', '{"readable_px": 20}');
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (seq);
ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT pk_cameras PRIMARY KEY (id);
ALTER TABLE ONLY public.deletions
    ADD CONSTRAINT pk_deletions PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.episode_readings
    ADD CONSTRAINT pk_episode_readings PRIMARY KEY (episode_id, at);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT pk_episodes PRIMARY KEY (id);
ALTER TABLE ONLY public.health
    ADD CONSTRAINT pk_health PRIMARY KEY (id);
ALTER TABLE ONLY public.people
    ADD CONSTRAINT pk_people PRIMARY KEY (id);
ALTER TABLE ONLY public.people_buckets
    ADD CONSTRAINT pk_people_buckets PRIMARY KEY (camera, zone, start_at);
ALTER TABLE ONLY public.people_quarters
    ADD CONSTRAINT pk_people_quarters PRIMARY KEY (camera, quarter, zone);
ALTER TABLE ONLY public.readings
    ADD CONSTRAINT pk_readings PRIMARY KEY (camera, zone, minute);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT pk_reviews PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT pk_settings PRIMARY KEY (name);
ALTER TABLE ONLY public.snapshots
    ADD CONSTRAINT pk_snapshots PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY public.walks
    ADD CONSTRAINT pk_walks PRIMARY KEY (id);
ALTER TABLE ONLY public.cameras
    ADD CONSTRAINT uq_cameras_name UNIQUE (name);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT uq_reviews_snapshot_id_face UNIQUE (snapshot_id, face);
ALTER TABLE ONLY public.snapshots
    ADD CONSTRAINT uq_snapshots_file UNIQUE (file);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_name_key UNIQUE (name_key);
CREATE INDEX ix_audit_subject ON public.audit USING btree (subject);
CREATE INDEX ix_deletions_at_id ON public.deletions USING btree (at, id);
CREATE INDEX ix_deletions_item ON public.deletions USING btree (item);
CREATE INDEX ix_deliveries_created_at_id ON public.deliveries USING btree (created_at, id);
CREATE INDEX ix_deliveries_episode_id ON public.deliveries USING btree (episode_id);
CREATE INDEX ix_deliveries_sent_at ON public.deliveries USING btree (sent_at);
CREATE INDEX ix_deliveries_state_not_before ON public.deliveries USING btree (state, not_before);
CREATE INDEX ix_episodes_camera_started_at_id ON public.episodes USING btree (camera, started_at, id);
CREATE INDEX ix_episodes_ended_at ON public.episodes USING btree (ended_at);
CREATE INDEX ix_episodes_started_at_id ON public.episodes USING btree (started_at, id);
CREATE INDEX ix_health_at_id ON public.health USING btree (at, id);
CREATE INDEX ix_health_camera_at_id ON public.health USING btree (camera, at, id);
CREATE INDEX ix_health_camera_kind_at ON public.health USING btree (camera, kind, at);
CREATE INDEX ix_people_buckets_start_at ON public.people_buckets USING btree (start_at);
CREATE INDEX ix_people_quarter_at ON public.people USING btree (quarter_at);
CREATE INDEX ix_readings_minute ON public.readings USING btree (minute);
CREATE INDEX ix_reviews_labelled_at_skipped_created_at ON public.reviews USING btree (labelled_at, skipped, created_at);
CREATE INDEX ix_sessions_expires_at ON public.sessions USING btree (expires_at);
CREATE INDEX ix_sessions_user_id ON public.sessions USING btree (user_id);
CREATE INDEX ix_snapshots_episode_id ON public.snapshots USING btree (episode_id);
CREATE INDEX ix_snapshots_kind_size ON public.snapshots USING btree (kind, size);
CREATE INDEX ix_snapshots_kind_taken_at ON public.snapshots USING btree (kind, taken_at);
CREATE INDEX ix_snapshots_taken_at_id ON public.snapshots USING btree (taken_at, id);
CREATE INDEX ix_tokens_user_id ON public.tokens USING btree (user_id);
CREATE INDEX ix_walks_camera_started_at_id ON public.walks USING btree (camera, started_at, id);
CREATE INDEX ix_walks_started_at_id ON public.walks USING btree (started_at, id);
CREATE TRIGGER audit_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_is_append_only();
CREATE TRIGGER people_counts AFTER INSERT OR DELETE OR UPDATE ON public.people FOR EACH ROW EXECUTE FUNCTION public.count_people();
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_episode_id FOREIGN KEY (episode_id) REFERENCES public.episodes(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.episode_readings
    ADD CONSTRAINT fk_episode_readings_episode_id FOREIGN KEY (episode_id) REFERENCES public.episodes(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT fk_reviews_snapshot_id FOREIGN KEY (snapshot_id) REFERENCES public.snapshots(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT fk_tokens_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
