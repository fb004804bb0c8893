PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE channel (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            key TEXT NOT NULL,
            UNIQUE (run, key)
        );
INSERT INTO "channel" VALUES(1,2,'rapl');
CREATE TABLE log (
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            written TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            level TEXT NOT NULL,
            node TEXT NOT NULL,
            text TEXT NOT NULL
        );
INSERT INTO "log" VALUES(1,2,'2026-11-22T12:00:01.000Z','info','','hello');
CREATE TABLE node (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            id TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run, id)
        ) WITHOUT ROWID;
CREATE TABLE node_cost (
            digest TEXT PRIMARY KEY,
            energy TEXT NOT NULL,
            seconds REAL NOT NULL,
            written TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ) WITHOUT ROWID;
CREATE TABLE run (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            title TEXT NOT NULL,
            state TEXT NOT NULL,
            started TEXT NOT NULL,
            started_ns INTEGER NOT NULL,
            seconds REAL,
            owner_pid INTEGER NOT NULL,
            owner_created REAL NOT NULL,
            plan TEXT NOT NULL,
            environment TEXT NOT NULL,
            sources TEXT NOT NULL DEFAULT '[]',
            variants INTEGER,
            result TEXT
        , headline TEXT NOT NULL DEFAULT '');
INSERT INTO "run" VALUES(1,'7d1f','Finished','finished','2026-11-22T12:00:00+01:00',0,42.5,1,1.0,'{"title":"Finished","description":"","nodes":[],"muted":[],"device":"cpu","threads":1,"seed":0,"protocol":{"name":"quick","idle_s":2.0,"warm_up_s":2.0,"block_s":1.0,"min_blocks":3,"max_blocks":6,"target":0.05},"use_cache":true,"digest":""}','{"cpu":"","cores_physical":null,"cores_logical":null,"memory_bytes":null,"system":"","hostname":"","governor":"","turbo":"","virtual":"","gpus":[],"driver":"","on_battery":null,"load_1min":null,"temperature_c":null,"frequency_hz":null,"libraries":{},"greenbench":""}','[]',0,'{"format":"greenbench results","version":1,"run_id":"7d1f","title":"Finished","description":"","state":"finished","started":"2026-11-22T12:00:00+01:00","started_ns":0,"seconds":42.5,"plan":{"title":"Finished","description":"","nodes":[],"muted":[],"device":"cpu","threads":1,"seed":0,"protocol":{"name":"quick","idle_s":2.0,"warm_up_s":2.0,"block_s":1.0,"min_blocks":3,"max_blocks":6,"target":0.05},"use_cache":true,"digest":""},"environment":{"cpu":"","cores_physical":null,"cores_logical":null,"memory_bytes":null,"system":"","hostname":"","governor":"","turbo":"","virtual":"","gpus":[],"driver":"","on_battery":null,"load_1min":null,"temperature_c":null,"frequency_hz":null,"libraries":{},"greenbench":""},"sources":[],"idle_before":null,"idle_after":null,"variants":[],"nodes":[],"warnings":[],"data":"","energy_total":null,"carbon":null,"traces":[]}','');
INSERT INTO "run" VALUES(2,'4f2a','Broken off','lost','2026-11-22T13:00:00+01:00',0,NULL,1,1.0,'{"title":"Broken off","description":"","nodes":[{"id":"bench","step":"benchmark","version":1,"title":"Bench","params":{},"inputs":{},"digest":"d","cacheable":true}],"muted":[],"device":"cpu","threads":1,"seed":0,"protocol":{"name":"quick","idle_s":2.0,"warm_up_s":2.0,"block_s":1.0,"min_blocks":3,"max_blocks":6,"target":0.05},"use_cache":true,"digest":""}','{"cpu":"","cores_physical":null,"cores_logical":null,"memory_bytes":null,"system":"","hostname":"","governor":"","turbo":"","virtual":"","gpus":[],"driver":"","on_battery":null,"load_1min":null,"temperature_c":null,"frequency_hz":null,"libraries":{},"greenbench":""}','[]',NULL,NULL,'');
CREATE TABLE sample (
            channel INTEGER NOT NULL REFERENCES channel ON DELETE CASCADE,
            t_ns INTEGER NOT NULL,
            power_w REAL,
            energy_j REAL,
            reason TEXT,
            PRIMARY KEY (channel, t_ns)
        ) WITHOUT ROWID;
INSERT INTO "sample" VALUES(1,1000,12.5,NULL,NULL);
INSERT INTO "sample" VALUES(1,2000,13.0,NULL,NULL);
CREATE TABLE variant (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            benchmark TEXT NOT NULL,
            letter TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run, benchmark, letter)
        ) WITHOUT ROWID;
CREATE TABLE window (
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
            body TEXT NOT NULL,
            latencies BLOB
        );
INSERT INTO "window" VALUES(1,2,'{"kind":"block","label":"block 1 of A","t0_ns":0,"t1_ns":1000000000,"node":"bench","variant":"A","block":1,"calls":3,"batch":1}',X'6E7801736838E0D4728C5F4E970115000046600367');
CREATE INDEX window_by_run ON window (run);
CREATE INDEX log_by_run ON log (run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('channel',1);
INSERT INTO "sqlite_sequence" VALUES('run',2);
COMMIT;