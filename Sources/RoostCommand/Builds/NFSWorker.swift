import ArgumentParser
import Commands
import Fleet
import Foundation
import Images
import Linux
import NetworkErrors
import Synchronization
import Wire

/// The server's orders to the worker that keeps its rights.
enum NFSOrder: Codable, Sendable {
    case make(Volume)
    case removeOthers(Volume)
    case remove(NodeName)
    /// The networks that may read images, and the address that may use each node's tree.
    case export(networks: [IPv4Network], clients: [NodeName: IPv4Address])
}

struct NFSAnswer: Codable {
    /// Nil: success.
    var failure: String?
}

/// Creates and deletes the nodes' trees and configures the exports of the NFS server, for the server, which has dropped the rights for it:
/// one line of JSON per order, and one per answer.
///
/// The server may be compromised: only nodes, versions and addresses get through.
struct NFSWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nfs-worker", abstract: "Serve the nodes' trees for the server.", shouldDisplay: false)
    @Option var images: String
    @Option var trees: String
    @Option var server: String
    @Option var file: String
    @Option var pidFile: [String]

    func run() throws {
        WorkerProcess.outliveServer()
        guard let kind = NFSServer(rawValue: server) else { throw ValidationError("--server") }
        let trees = NodeTrees(directory: trees, images: ImageStore(directory: images)) {
            printError($0)
        }
        var networks: [IPv4Network] = []
        var clients: [NodeName: IPv4Address] = [:]
        while let line = readLine() {
            var answer = NFSAnswer()
            do {
                switch try JSONDecoder().decode(NFSOrder.self, from: Data(line.utf8)) {
                case .make(let volume): try trees.make(volume)
                case .removeOthers(let volume):
                    guard trees.generations(of: volume.place) != [volume.generation] else { break }
                    try trees.removeOthers(than: volume)
                    try export(trees, networks, clients, as: kind)
                case .remove(let node): try trees.remove(node)
                case .export(let newNetworks, let newClients):
                    (networks, clients) = (newNetworks, newClients)
                    try export(trees, networks, clients, as: kind)
                }
            } catch {
                answer.failure = ErrorText.of(error)
            }
            var data = try JSONEncoder().encode(answer)
            data.append(UInt8(ascii: "\n"))
            // The server may be gone.
            try? FileHandle.standardOutput.write(contentsOf: data)
        }
    }

    /// Exports every existing generation: a node may still run from a replaced one.
    private func export(
        _ trees: NodeTrees, _ networks: [IPv4Network], _ clients: [NodeName: IPv4Address], as kind: NFSServer
    ) throws {
        var exports = [NFSExport(path: images, clients: networks.map(\.description))]
        for (node, client) in clients.sorted(by: { $0.key < $1.key }) {
            for generation in trees.generations(of: node) {
                exports.append(
                    NFSExport(
                        path: "\(trees.directory)/\(node)/\(generation)", clients: [client.description],
                        isWritable: true))
            }
        }
        let previous = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let text = kind.text(exports, previous: previous)
        if text != previous {
            let directory = URL(fileURLWithPath: file).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try WholeFile.replace(file, with: Array(text.utf8), mode: 0o644, at: .nfsExports)
        }
        try kind.reload(pidFiles: pidFile)
    }
}

/// The server's side of the worker: started while the server still has its rights. One order at a time.
final class NFSWorkerConnection: Sendable {
    private let pipes: Mutex<(orders: FileHandle, answers: FileHandle)>

    init(_ settings: ServerSettings, _ server: NFSServer) throws {
        let (orders, answers) = try WorkerProcess.start(
            [
                "nfs-worker", "--images", settings.imageDirectory, "--trees", settings.treeDirectory,
                "--server", server.rawValue, "--file", settings.nfs.file ?? server.standardFile,
            ] + settings.nfs.pidFiles.flatMap { ["--pid-file", $0] }, unit: "roost-nfs",
            description: "Serves roots by NFS for Roost", sandbox: WorkerSandbox.trees)
        pipes = Mutex((orders, answers))
    }

    /// Waits until the worker has finished; for threads that may block.
    func order(_ order: NFSOrder) throws {
        var data = try JSONEncoder().encode(order)
        data.append(UInt8(ascii: "\n"))
        let answer = try pipes.withLock { pipes in
            try pipes.orders.write(contentsOf: data)
            var line = Data()
            while line.last != UInt8(ascii: "\n") {
                let more = pipes.answers.availableData
                guard !more.isEmpty else {
                    throw Failure(text: "the worker for NFS has stopped; restart the server", code: 1)
                }
                line.append(more)
            }
            return try JSONDecoder().decode(NFSAnswer.self, from: line)
        }
        if let failure = answer.failure { throw Failure(text: failure, code: 1) }
    }
}
