package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func addVersion(
        _ manifest: ImageManifest, digest: Fleet.Digest, signatures: [ImageSignature], by who: String
    ) async throws(StoreError) -> ImageVersion {
        let second = currentSecond
        return try await write(.version) { database in
            let image = manifest.image.text
            for signature in signatures {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO image_signature (digest, key, signature) VALUES (?, ?, ?)",
                    arguments: [digest.text, signature.key, signature.signature])
            }
            let known = try Row.fetchOne(
                database, sql: "SELECT * FROM image_version WHERE image = ? AND digest = ? AND NOT removed",
                arguments: [image, digest.text])
            if let known {
                let version = try Self.version(of: known)
                if !signatures.isEmpty {
                    try record(
                        signatures.map {
                            Revision.Edit(
                                kind: "signature", key: "\(image)@\(version.number)", before: nil,
                                after: "\"\($0.key)\"")
                        }, what: "version \(image)@\(version.number) signed", by: who, in: database)
                }
                return version
            }
            let last = try Int.fetchOne(
                database, sql: "SELECT max(number) FROM image_version WHERE image = ?", arguments: [image])
            let version = ImageVersion(
                image: manifest.image, number: (last ?? 0) + 1, digest: digest, publishedAt: second,
                publishedBy: who, manifest: manifest)
            let json = try Self.json(manifest)
            try database.execute(
                sql:
                    "INSERT INTO image_version (image, number, digest, published_at, published_by, manifest) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [image, version.number, digest.text, second, who, json])
            try record(
                [
                    Revision.Edit(
                        kind: "version", key: "\(image)@\(version.number)", before: nil,
                        after: "\"\(digest)\"")
                ],
                what: "version \(image)@\(version.number) published", by: who, in: database)
            let hasStable = try Int.fetchOne(
                database, sql: "SELECT number FROM channel WHERE image = ? AND name = ?",
                arguments: [image, ChannelName.stable.text])
            if hasStable == nil {
                try point(.stable, of: manifest.image, to: version.number, by: who, in: database)
            }
            return version
        }
    }

    package func rollBack(_ channel: ChannelName, of image: ImageName, by who: String)
        async throws(StoreError) -> Int
    {
        try await write(.rollBack) { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT former FROM channel WHERE image = ? AND name = ?",
                arguments: [image.text, channel.text])
            guard let row else { throw StoreError.notFound("image \(image) has no channel \(channel)") }
            guard let former: Int = row["former"] else {
                throw StoreError.conflict("channel \(channel) of \(image) has never pointed anywhere else")
            }
            let exists = try Bool.fetchOne(
                database,
                sql:
                    "SELECT EXISTS (SELECT 1 FROM image_version WHERE image = ? AND number = ? AND NOT removed)",
                arguments: [image.text, former])
            guard exists == true else {
                throw StoreError.conflict(
                    "version \(image)@\(former), where \(channel) pointed before, is gone")
            }
            try point(channel, of: image, to: former, by: who, in: database)
            return former
        }
    }

    private func point(
        _ channel: ChannelName, of image: ImageName, to number: Int, by who: String, in database: Database
    ) throws {
        let former = try Int.fetchOne(
            database, sql: "SELECT number FROM channel WHERE image = ? AND name = ?",
            arguments: [image.text, channel.text])
        guard former != number else { return }
        try database.execute(
            sql: """
                INSERT INTO channel (image, name, number, former) VALUES (?, ?, ?, ?)
                ON CONFLICT (image, name) DO UPDATE SET number = excluded.number, former = excluded.former
                """, arguments: [image.text, channel.text, number, former])
        try record(
            [
                Revision.Edit(
                    kind: "channel", key: "\(image)@\(channel)", before: former.map(String.init),
                    after: String(number))
            ],
            what: "\(image)@\(channel) now means \(image)@\(number)"
                + (former.map { ", before \(image)@\($0)" } ?? ""),
            by: who, in: database)
    }

    package func removedVersions() async throws(StoreError) -> [ImageName: Set<Fleet.Digest>] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT image, digest FROM image_version WHERE removed
                    EXCEPT SELECT image, digest FROM image_version WHERE NOT removed
                    """)
            var removed: [ImageName: Set<Fleet.Digest>] = [:]
            for row in rows {
                guard let digest = Fleet.Digest(row["digest"] as String) else { continue }
                removed[try ImageName(row["image"] as String), default: []].insert(digest)
            }
            return removed
        }
    }

    package func remove(_ version: ImageVersion, by who: String) async throws(StoreError) {
        try await write(.versionRemoval) { database in
            let channels = try String.fetchAll(
                database, sql: "SELECT name FROM channel WHERE image = ? AND number = ?",
                arguments: [version.image.text, version.number])
            guard channels.isEmpty else {
                throw StoreError.conflict(
                    "\(version.image)@\(version.number) is what channel \(channels.joined(separator: ", ")) means; promote another version first"
                )
            }
            let tags = try String.fetchAll(
                database, sql: "SELECT name FROM image_tag WHERE image = ? AND number = ?",
                arguments: [version.image.text, version.number])
            guard tags.isEmpty else {
                throw StoreError.conflict(
                    "\(version.image)@\(version.number) is tagged \(tags.joined(separator: ", ")); remove the tag first"
                )
            }
            try database.execute(
                sql: "UPDATE image_version SET removed = 1 WHERE image = ? AND number = ?",
                arguments: [version.image.text, version.number])
            try record(
                [
                    Revision.Edit(
                        kind: "version", key: "\(version.image)@\(version.number)",
                        before: "\"\(version.digest)\"", after: nil)
                ],
                what: "version \(version.image)@\(version.number) removed", by: who, in: database)
        }
    }
}
