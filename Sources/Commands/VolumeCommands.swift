import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost volume …`
struct VolumeCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Show, reset, snapshot, restore and remove the nodes' volumes.",
        discussion: """
            A node gets one when it boots with root-mode=persistent, with persistent-directories, or with
            root-mode=nfs nfs-root=own: then it is a tree, a copy of the image's root.
            """,
        subcommands: [
            VolumeList.self, VolumeShow.self, VolumeReset.self, VolumeSnapshot.self, VolumeRestore.self,
            VolumeRemove.self,
        ])
}

struct VolumeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List volumes.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("volumes", [VolumeAnswer].self)) { volumes in
                var table = TextTable(["NODE", "KIND", "OVER", "SIZE", "USED", "CONNECTIONS", "MADE"])
                for volume in volumes {
                    table.add([
                        volume.node.text, volume.what, "\(volume.image)@\(volume.version)",
                        volume.byteCount.map { Shown.size($0) } ?? "-", volume.used,
                        String(volume.openConnections), Shown.time(second: volume.createdAt),
                    ])
                }
                return table.text
            }
        }
    }
}

extension VolumeAnswer {
    fileprivate var what: String { kind.rawValue + (isEncrypted ? ", encrypted" : "") }

    fileprivate var used: String {
        usedByteCount.map { Shown.size($0) } ?? (kind == .disk ? "missing" : "-")
    }
}

struct VolumeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a node's volume and its snapshots.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name.", completion: .nodes) var node: String

    func run() async throws {
        try await reportingFailure {
            let volume = try await server.client.get(
                "volumes/\(APIClient.escaped(node))", VolumeAnswer.self)
            try output.write(volume) { volume in
                var table = TextTable(["SNAPSHOT", "TAKEN", "USED"])
                for copy in volume.snapshots ?? [] {
                    table.add([copy.name, Shown.time(second: copy.takenAt), Shown.size(copy.usedByteCount)])
                }
                return """
                    node         \(volume.node)
                    over         \(volume.image)@\(volume.version)
                    kind         \(volume.what)
                    size         \(volume.byteCount.map { Shown.size($0) } ?? "-"), \(volume.used) used
                    made         \(Shown.time(second: volume.createdAt))
                    connections  \(volume.openConnections)
                    directory    \(volume.directory ?? volume.node)

                    \(table.text)
                    """
            }
        }
    }
}

struct VolumeReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Give a node a new, empty volume, which it gets at its next boot.",
        discussion:
            "The key of an encrypted volume is destroyed; snapshots keep a copy of it."
    )
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name.", completion: .nodes) var node: String
    @Flag(help: "Destroy its snapshots, too: nothing that was on the volume can be read any more.")
    var withSnapshots = false

    func run() async throws {
        try await reportingFailure {
            let data = try await server.client.send(
                .POST,
                "volumes/\(APIClient.escaped(node))/reset\(withSnapshots ? "?with-snapshots=yes" : "")",
                body: nil)
            let volume = try JSONDecoder().decode(VolumeAnswer.self, from: data)
            print(
                "\(node) starts with an empty volume over \(volume.image)@\(volume.version) at its next boot")
        }
    }
}

struct VolumeSnapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Take a snapshot of a volume while its node is off.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name.", completion: .nodes) var node: String
    @Argument(help: "Name of the snapshot.") var name: String
    @Flag(help: "Remove that snapshot instead.") var remove = false

    func run() async throws {
        try await reportingFailure {
            let path = "volumes/\(APIClient.escaped(node))/snapshots"
            if remove {
                try await server.client.send(.DELETE, "\(path)/\(APIClient.escaped(name))", body: nil)
            } else {
                _ = try await server.client.send(
                    .POST, path, json: SnapshotRequest(name: name), patience: APIClient.longPatience)
            }
        }
    }
}

struct VolumeRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Give a node the contents of a snapshot, which it gets at its next boot.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name.", completion: .nodes) var node: String
    @Argument(help: "Name of the snapshot.") var name: String

    func run() async throws {
        try await reportingFailure {
            let path =
                "volumes/\(APIClient.escaped(node))/snapshots/\(APIClient.escaped(name))/restore"
            try await server.client.send(.POST, path, body: nil, patience: APIClient.longPatience)
            print("\(node) has the contents of \(name) at its next boot")
        }
    }
}

struct VolumeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Delete a node's volume with its snapshots, while the node is off.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name.", completion: .nodes) var node: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "volumes/\(APIClient.escaped(node))", body: nil)
        }
    }
}
