import API
package import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// Shell completions: names that the server knows. If the server is away or slow, there are none.
extension CompletionKind {
    static let nodes = names { client, begun in
        let query = begun.isEmpty ? "" : "&q=\(APIClient.escaped(begun))"
        return try await client.suggestions("nodes?limit=200\(query)", [MachineAnswer].self).map(\.name.text)
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

    static let settings = list(SettingDefinition.all.map(\.name))

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
    /// Completion must be quick.
    fileprivate func suggestions<T: Decodable>(_ path: String, _: T.Type) async throws -> T {
        try JSONDecoder().decode(T.self, from: try await send(.GET, path, body: nil, patience: .seconds(2)))
    }
}
