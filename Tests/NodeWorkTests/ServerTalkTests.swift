import Foundation
import Glibc
import Linux
import NodeWork
import Sealing
import Synchronization
import Testing
import Wire

/// A booting node whose server goes away and comes back.
@Suite final class ServerTalkTests {
    /// A server that reads one request of each connection, answers with the next of its texts, and ends the connection.
    private final class ScriptedServer: Sendable {
        let port: UInt16
        private let requests = Mutex([[UInt8]]())

        var heard: [[UInt8]] { requests.withLock { $0 } }

        init(_ answers: [@Sendable (_ body: [UInt8]) -> [UInt8]]) throws {
            let listener = try Socket.listening(.loopback, port: 0)
            port = try Socket.localPort(listener)
            let number = dup(listener.number)
            try NamedThread.start("scripted") { [self] in
                let listener = FileDescriptor(owning: number)
                for answer in answers {
                    var waiting = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
                    guard unsafe poll(&waiting, 1, 10_000) == 1,
                        let client = try? Socket.accept(listener), let request = Self.request(on: client)
                    else { return }
                    requests.withLock { $0.append(request) }
                    let end = HTTPRequestHead.byteCount(in: request.span) ?? 0
                    try? Socket.send(answer(Array(request[end...])), over: client)
                }
            }
        }

        private static func request(on client: borrowing FileDescriptor) -> [UInt8]? {
            var bytes: [UInt8] = []
            while true {
                if let head = HTTPRequestHead.byteCount(in: bytes.span) {
                    let text = String(decoding: bytes[..<head], as: UTF8.self)
                    let length = text.split(separator: "Content-Length: ").last
                        .flatMap { Int($0.prefix { $0 != "\r\n" }) }
                    if bytes.count >= head + (length ?? 0) { return bytes }
                }
                var waiting = pollfd(fd: client.number, events: Int16(POLLIN), revents: 0)
                guard unsafe poll(&waiting, 1, 10_000) == 1,
                    let more = try? client.read(atMost: 4_096), !more.isEmpty
                else { return nil }
                bytes += more
            }
        }
    }

    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path
    private let machine = MACAddress("52:54:00:12:34:56")
    private let boot = "0123456789abcdef"

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static func answer(_ status: String, _ body: [UInt8] = []) -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    private func talk(to port: UInt16, wait: @escaping (Int) -> Void) throws -> ServerTalk {
        ServerTalk(
            try KernelWords(
                "roost.http=127.0.0.1:\(port) roost.boot=\(boot) BOOTIF=01-52-54-00-12-34-56"), wait: wait)
    }

    @Test func `a configuration whose answer breaks off is asked for again, with the same key`() throws {
        let (serverKey, key, machine, boot) = (ServerKey(), NodeKey(), try #require(machine), boot)
        let whole: @Sendable ([UInt8]) -> [UInt8] = { body in
            let sealed = try? serverKey.seal(
                Array("archive".utf8), to: Array(body.prefix(NodeKey.publicByteCount)), of: machine, in: boot)
            return Self.answer("200 OK", sealed ?? [])
        }
        // Nothing, a part of the head, a part of the body, not ready, and then all of it.
        let server = try ScriptedServer([
            { _ in [] }, { _ in Array("HTTP/1.1 20".utf8) }, { Array(whole($0).dropLast(3)) },
            { _ in Self.answer("503 Service Unavailable") }, whole,
        ])
        var pauses: [Int] = []
        let talk = try talk(to: server.port) { pauses.append($0) }
        try talk.fetchConfiguration(to: path, as: key, from: serverKey.publicBytes, tpm: false)
        #expect(try WholeFile.read(path) == Array("archive".utf8))
        #expect(pauses == [1_000, 1_000, 1_000, 100])
        #expect(server.heard.count == 5 && Set(server.heard).count == 1)
        #expect(server.heard[0].suffix(NodeKey.publicByteCount) == key.publicBytes[...])
    }

    @Test func `a refusal is the answer, and is not asked for again`() throws {
        let server = try ScriptedServer([{ _ in Self.answer("403 Forbidden", Array("no".utf8)) }])
        let talk = try talk(to: server.port) { _ in Issue.record("it waits") }
        let refusal = try #require(throws: ServerRefusal.self) {
            try talk.fetchConfiguration(to: path, as: NodeKey(), from: ServerKey().publicBytes, tpm: false)
        }
        #expect(refusal.status == 403)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a stage is reported again once the server is there, and that of a failure at once or not`()
        throws
    {
        let server = try ScriptedServer([{ _ in [] }, { _ in Self.answer("204 No Content") }, { _ in [] }])
        var pauses: [Int] = []
        let talk = try talk(to: server.port) { pauses.append($0) }
        try talk.report(stage: "root", detail: "nbd", uptime: nil)
        #expect(pauses == [1_000])
        #expect(throws: BrokenConnection.self) {
            try talk.report(stage: "failed", detail: "step 30-root", uptime: nil)
        }
        #expect(pauses == [1_000] && server.heard.count == 3)
    }

    @Test func `patience with a server that stays away ends after half a minute`() {
        var now = 5_000
        var attempts = 0
        #expect(throws: BrokenConnection.self) {
            try ServerPatience.keep(now: { now }, wait: { now += $0 }) {
                attempts += 1
                throw BrokenConnection(SystemError("connect", number: ECONNREFUSED))
            }
        }
        #expect(now == 35_000 && attempts == 31)
        // The time that attempts take counts as well: a host that is off answers nothing for ten seconds each.
        (now, attempts) = (0, 0)
        #expect(throws: BrokenConnection.self) {
            try ServerPatience.keep(now: { now }, wait: { now += $0 }) {
                attempts += 1
                now += 10_000
                throw BrokenConnection(SystemError("connect", number: ETIMEDOUT))
            }
        }
        #expect(attempts == 3)
    }
}
