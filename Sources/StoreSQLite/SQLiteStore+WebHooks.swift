package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func webHooks() async throws(StoreError) -> [WebHook] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM web_hook ORDER BY id").map { row in
                WebHook(
                    id: row["id"], url: coder.opened(row["url"] as String),
                    secret: coder.opened(row["secret"] as String),
                    kinds: try Self.value(json: row["kinds"]),
                    group: try GroupPath(row["group_path"] as String))
            }
        }
    }

    package func addWebHook(_ hook: WebHook, by who: String) async throws(StoreError) -> WebHook {
        try await write(.webHook) { database in
            try database.execute(
                sql: "INSERT INTO web_hook (url, secret, kinds, group_path) VALUES (?, ?, ?, ?)",
                arguments: [
                    coder.sealed(hook.url), coder.sealed(hook.secret), try Self.json(hook.kinds),
                    hook.group.description,
                ])
            var hook = hook
            hook.id = Int(database.lastInsertedRowID)
            try record(
                [
                    Revision.Edit(
                        kind: "hook", key: String(hook.id), before: nil,
                        after: try Self.json(hook.place))
                ],
                what: "web hook \(hook.id) added: \(hook.place)", by: who, in: database)
            return hook
        }
    }

    package func removeWebHook(_ id: Int, by who: String) async throws(StoreError) {
        try await write(.webHookRemoval) { database in
            guard
                let url = try String.fetchOne(
                    database, sql: "SELECT url FROM web_hook WHERE id = ?", arguments: [id])
            else { throw StoreError.notFound("there is no web hook \(id)") }
            let place = WebHook.place(of: coder.opened(url))
            try database.execute(sql: "DELETE FROM web_hook WHERE id = ?", arguments: [id])
            try record(
                [
                    Revision.Edit(kind: "hook", key: String(id), before: try Self.json(place), after: nil)
                ],
                what: "web hook \(id) removed: \(place)", by: who, in: database)
        }
    }
}
