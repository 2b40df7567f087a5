import Foundation
import Glibc
import Linux
import Sealing
import Testing

@Suite struct HostKeyTests {
    private let secrets: NodeSecrets

    init() throws { secrets = try #require(NodeSecrets(bytes: Array(0..<32))) }

    @Test
    func `a node has the same key as long as its name, its number and the server's secret are the same`() {
        let key = secrets.hostKey(of: "pc-7", number: 1)
        #expect(secrets.hostKey(of: "pc-7", number: 1) == key)
        let others = [
            secrets.hostKey(of: "pc-7", number: 2), secrets.hostKey(of: "pc-8", number: 1),
            secrets.hostKey(of: "pc-7\u{0}1", number: 1), NodeSecrets().hostKey(of: "pc-7", number: 1),
        ]
        #expect(Set(others.map(\.publicLine) + [key.publicLine]).count == 5)
        #expect(!others.map(\.privateFile).contains(key.privateFile))
        #expect(NodeSecrets(bytes: []) == nil && NodeSecrets(bytes: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test(arguments: ["a", "pc-7", "pc-77", "pc-777", "pc-7777", "pc-77777", "pc-777777", "pc-7777777"])
    func `OpenSSH reads the private key, and finds the public one in it`(name: String) throws {
        let key = secrets.hostKey(of: name, number: 1)
        let path = NSTemporaryDirectory() + "roost-host-key-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(key.privateFile.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let output = Pipe()
        let process = try ChildProcess(
            "/usr/bin/ssh-keygen", ["-y", "-f", path], input: STDIN_FILENO,
            output: output.fileHandleForWriting.fileDescriptor, errors: STDERR_FILENO)
        try output.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(process.wait() == 0)
        #expect(said == "\(key.publicLine) \(name)\n")
    }
}
