import ArgumentParser
import Commands
import Foundation
import Linux
import Synchronization

/// Renews the certificate of the pages for the server, which can no longer read the authority's key: for each line of input, whatever its
/// contents, missing and invalid certificates are made, and the answer is a line, empty or with the error.
struct CertificateWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate-worker", abstract: "Make the certificate of the pages for the server.",
        shouldDisplay: false)
    @Option var stateDirectory: String
    @Option var user: UInt32
    @Option var group: UInt32
    @Option var address: [String]

    func run() throws {
        WorkerProcess.outliveServer()
        while readLine() != nil {
            var answer = ""
            do {
                try CenterKeys(stateDirectory: stateDirectory, addresses: address)
                    .make(for: StateDirectory.User(uid: user, gid: group))
            } catch {
                answer = "\(error)".replacing("\n", with: " ")
            }
            // The server may be gone.
            try? FileHandle.standardOutput.write(contentsOf: Data("\(answer)\n".utf8))
        }
    }
}

/// The server's side of the worker: started while the server still has its rights.
final class CertificateWorkerConnection: Sendable {
    private let pipes: Mutex<(orders: FileHandle, answers: FileHandle)>

    init(stateDirectory: String, addresses: [String], user: StateDirectory.User) throws {
        pipes = Mutex(
            try WorkerProcess.start(
                [
                    "certificate-worker", "--state-directory", stateDirectory, "--user", String(user.uid),
                    "--group", String(user.gid),
                ] + addresses.flatMap { ["--address", $0] }, unit: "roost-certificates",
                description: "Makes certificates for Roost",
                sandbox: WorkerSandbox.certificates("\(stateDirectory)/\(StateFiles.center)")))
    }

    /// Renews the certificate if it is invalid or about to expire.
    func renew() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { [self] in continuation.resume(with: Result { try order() }) }
        }
    }

    private func order() throws {
        let answer = try pipes.withLock { pipes in
            try pipes.orders.write(contentsOf: Data("\n".utf8))
            var line = Data()
            while line.last != UInt8(ascii: "\n") {
                let more = pipes.answers.availableData
                guard !more.isEmpty else {
                    throw Failure(
                        text: "the worker for certificates has stopped; restart the server", code: 1)
                }
                line.append(more)
            }
            return String(decoding: line.dropLast(), as: UTF8.self)
        }
        if !answer.isEmpty { throw Failure(text: answer, code: 1) }
    }
}
