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
                                kind: "signature", key: version.historyKey, before: nil,
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
                        kind: ImageVersion.historyKind, key: version.historyKey, before: nil,
                        after: "\"\(digest)\"")
                ],
                what: "version \(image)@\(version.number) published", by: who, in: database)
            let snapshot = try snapshot(in: database)
            for edit in version.edits(whenNewIn: snapshot) {
                guard let change = try make(edit, in: database) else { continue }
                try record([change], what: edit.summary(in: snapshot), by: who, in: database)
            }
            return version
        }
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
            let before = try snapshot(in: database)
            try before.requireRemovable(version)
            let consequences = try before.edits(removing: version).compactMap {
                try make($0, in: database)
            }
            try database.execute(
                sql: "UPDATE image_version SET removed = 1 WHERE image = ? AND number = ?",
                arguments: [version.image.text, version.number])
            // Past configurations are read backwards: the version is there again before what belongs to it.
            try record(
                consequences + [
                    Revision.Edit(
                        kind: ImageVersion.historyKind, key: version.historyKey,
                        before: "\"\(version.digest)\"", after: nil)
                ],
                what: "version \(version.image)@\(version.number) removed", by: who, in: database)
        }
    }
}
