import API
package import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// Shell completions: names that the server knows. If the server is away or slow, there are none.
extension CompletionKind {
    static let nodes = names { client, begun in
        try await client.suggestions(client.page("nodes", begun), [MachineAnswer].self).map(\.name.text)
    }

    static let groups = names { client, _ in
        try await client.suggestions("groups", [NodeGroup].self).map(\.path.description)
    }

    package static let images = names { client, _ in
        Swift.Set(try await client.suggestions("images", [VersionAnswer].self).map(\.image.description))
            .sorted()
    }

    /// Images, and their versions by channel, tag and number.
    package static let versions = names { client, _ in
        try await client.suggestions("images", [VersionAnswer].self).flatMap { version in
            [version.image.description]
                + (version.channels + [String(version.number)]).map { "\(version.image)@\($0)" }
        }
    }

    static let terminalServers = names { client, begun in
        try await client.suggestions(client.page("terminals", begun), [TerminalAnswer].self).map(
            \.server.name.text)
    }

    static let pools = names { client, begun in
        try await client.suggestions(client.page("pools", begun), [PoolAnswer].self).map(\.pool.name.text)
    }

    static let accounts = names { client, begun in
        try await client.suggestions(client.page("accounts", begun), [AccountAnswer].self).map(
            \.account.name.text)
    }

    /// People with a session on a terminal server, the servers, and the sessions' numbers.
    static let terminalSessions = names { client, begun in
        var sessions = try await client.suggestions(
            client.page("terminal-sessions", begun), [TerminalSessionAnswer].self)
        // A search does not look at numbers.
        if !begun.isEmpty {
            sessions += try await client.suggestions(
                client.page("terminal-sessions", ""), [TerminalSessionAnswer].self)
        }
        return Swift.Set(sessions.flatMap { [$0.user, $0.server.text, $0.id] }).sorted()
    }

    static let rules = recordNames("rules")
    static let secrets = recordNames("secrets")
    static let schedules = recordNames("schedules")
    static let networks = recordNames("networks")
    static let storedFiles = recordNames("files")

    static let settings = list(SettingDefinition.all.map(\.name))
    /// Settings as they are written before their value.
    package static let assignments = list(SettingDefinition.all.map { "\($0.name)=" })

    /// The names in a list of the API.
    private static func recordNames(_ path: String) -> CompletionKind {
        struct Named: Decodable { var name: String }
        return names { client, _ in try await client.suggestions(path, [Named].self).map(\.name) }
    }

    private static func names(
        _ known: @escaping @Sendable (APIClient, _ begun: String) async throws -> [String]
    ) -> CompletionKind {
        custom { _, _, begun in
            guard let client = try? ServerOptions.parse([]).client,
                let names = try? await known(client, begun)
            else { return [] }
            return names.filter { $0.hasPrefix(begun) }
        }
    }
}

extension APIClient {
    /// The first page, which is a thousand rows, of those that have `begun` in them.
    fileprivate func page(_ path: String, _ begun: String) -> String {
        begun.isEmpty ? path : "\(path)?q=\(Self.escaped(begun))"
    }

    /// Completion must be quick.
    fileprivate func suggestions<T: Decodable>(_ path: String, _: T.Type) async throws -> T {
        try JSONDecoder().decode(T.self, from: try await send(.GET, path, body: nil, patience: .seconds(2)))
    }
}
