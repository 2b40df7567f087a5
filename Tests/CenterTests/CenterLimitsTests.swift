import Fleet
import Foundation
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing
import Wire

@testable import Center

@Suite struct CenterLimitsTests {
    @Test func `connections are limited per address, and for a proxy on this host only in all`() throws {
        let limits = CenterLimits(allConnections: 300)
        let places = (0..<200).compactMap { _ in
            limits.takeConnection(from: "192.0.2.7", isProxied: false, now: 0)
        }
        #expect(places.count == CenterLimits.connectionLimit)
        #expect(limits.takeConnection(from: "192.0.2.8", isProxied: false, now: 0) != nil)
        limits.release(try #require(places.first))
        #expect(limits.takeConnection(from: "192.0.2.7", isProxied: false, now: 0) != nil)
        let proxied = (0..<300).compactMap { _ in
            limits.takeConnection(from: "127.0.0.1", isProxied: true, now: 0)
        }
        #expect(proxied.count == 300 - CenterLimits.connectionLimit - 1)
        #expect(limits.figures.totals == [.center: 72 + 300 - proxied.count])
    }

    @Test func `connection rates are limited like request rates, since a handshake costs as much`() throws {
        let limits = CenterLimits()
        for _ in 0..<CenterLimits.requestBurst {
            limits.release(
                try #require(limits.takeConnection(from: "192.0.2.7", isProxied: false, now: 0)))
        }
        #expect(limits.takeConnection(from: "192.0.2.7", isProxied: false, now: 0) == nil)
        #expect(limits.takeConnection(ofClient: "192.0.2.7", now: 0) == nil)
        #expect(limits.takeConnection(from: "192.0.2.8", isProxied: false, now: 0) != nil)
        #expect(limits.takeConnection(from: "192.0.2.7", isProxied: false, now: 1_000) != nil)
        // Each connection has its own request.
        #expect(limits.takesRequest(from: "192.0.2.7", now: 0))
    }

    @Test func `behind proxies, too, connections and event streams are limited per client`()
        throws
    {
        let limits = CenterLimits(allConnections: 300)
        let clients = (0..<200).compactMap { _ in limits.takeConnection(ofClient: "192.0.2.7", now: 0) }
        let streams = (0..<200).compactMap { _ in limits.takeStream(from: "192.0.2.7", now: 0) }
        #expect(clients.count == CenterLimits.connectionLimit && streams.count == clients.count)
        #expect(limits.takeConnection(ofClient: "192.0.2.8", now: 0) != nil)
        #expect(limits.takeStream(from: "192.0.2.8", now: 0) != nil)
        limits.release(try #require(streams.first))
        #expect(limits.takeStream(from: "192.0.2.7", now: 0) != nil)
        #expect(limits.takeConnection(ofClient: "192.0.2.7", now: 0) == nil)
    }

    @Test(arguments: [true, false])
    func `a proxy's connection is closed when its client has too many`(isAdmitted: Bool) throws {
        let channel = EmbeddedChannel(handler: ProxyHeaderHandler { _, _ in isAdmitted })
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        try channel.writeInbound(
            ByteBuffer(string: "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\nhello"))
        #expect(channel.isActive == isAdmitted)
        let handed = try channel.readInbound(as: ByteBuffer.self).map { String(buffer: $0) }
        #expect(handed == (isAdmitted ? "hello" : nil))
    }

    @Test func `a plain request to the port for HTTPS is answered, and a handshake passed on`() throws {
        let plain = EmbeddedChannel(handler: PlainRequestHandler())
        try plain.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        try plain.writeInbound(ByteBuffer(string: "GET /?token=secret HTTP/1.1\r\nHost: roost:8443\r\n\r\n"))
        let answer = try plain.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } ?? ""
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.hasSuffix("https://\n"), "\(answer)")
        #expect(!answer.contains("secret") && !plain.isActive)
        #expect(try plain.readInbound(as: ByteBuffer.self) == nil)
        let sealed = EmbeddedChannel(handler: PlainRequestHandler())
        try sealed.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        for bytes in [[0x16, 0x03, 0x01], [0x47, 0x45]] as [[UInt8]] {
            try sealed.writeInbound(ByteBuffer(bytes: bytes))
            #expect(try sealed.readInbound(as: ByteBuffer.self) == ByteBuffer(bytes: bytes))
        }
        #expect(sealed.isActive)
    }

    @Test func `request rates are limited per address, with a larger allowance for shared addresses`() throws
    {
        let network = try #require(IPv4Network("192.0.2.7/32"))
        let wide = try #require(PeerAllowances.Addresses("2001:db8:0:7::/64"))
        let limits = CenterLimits(
            allowances: PeerAllowances([.init(network, times: 2), .init(wide, times: 3)]))
        func taken(_ address: String) -> Int {
            (0..<5_000).count { _ in limits.takesRequest(from: address, now: 0) }
        }
        #expect(taken("192.0.2.6") == CenterLimits.requestBurst)
        #expect(taken("192.0.2.7") == 2 * CenterLimits.requestBurst)
        #expect(taken("2001:db8:0:8::1") == CenterLimits.requestBurst)
        #expect(taken("2001:db8:0:7::1") == 3 * CenterLimits.requestBurst)
    }

    /// The handler alone, on an event loop with the test's clock.
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            RequestDeadline(.init(first: .seconds(20), whole: .seconds(60), between: .seconds(75))))
        try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.7", port: 1)).wait()
        return channel
    }

    private let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")

    @Test func `a handshake or request that never ends is closed`() throws {
        let silent = try channel()
        silent.embeddedEventLoop.advanceTime(by: .seconds(19))
        #expect(silent.isActive)
        silent.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!silent.isActive)
        let slow = try channel()
        try slow.writeInbound(HTTPServerRequestPart.head(head))
        for _ in 0..<6 {
            #expect(slow.isActive)
            slow.embeddedEventLoop.advanceTime(by: .seconds(10))
            if slow.isActive { try slow.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "a"))) }
        }
        #expect(!slow.isActive)
    }

    @Test func `an answer may take any time, and the next request is awaited`() throws {
        let channel = try channel()
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .hours(3))
        #expect(channel.isActive)
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(74))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func `unknown machines share a thousand logs, and those of nodes stay`() async throws {
        let directory = try TemporaryDirectory()
        let logs = try NodeLogs(directory: directory.path)
        let node = MACAddress(rawValue: 1)
        func line(_ machine: MACAddress) -> NodeLogs.Line {
            NodeLogs.Line(machine: machine, at: 0, message: LogMessage(severity: .notice, text: "hello"))
        }
        logs.append([line(node)]) { $0 == node }
        for number in 100..<UInt64(1_200) {
            logs.append([line(MACAddress(rawValue: number))]) { $0 == node }
        }
        #expect(await logs.tail(node, lineCount: 1).count == 1)
        #expect(await logs.tail(MACAddress(rawValue: 100), lineCount: 1).isEmpty)
        #expect(await logs.tail(MACAddress(rawValue: 1_199), lineCount: 1).count == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(names.count { $0.hasSuffix(".log") } == 1_001)
        // The next run of the server continues with the existing ones.
        let again = try NodeLogs(directory: directory.path)
        again.append([line(MACAddress(rawValue: 5_000))]) { $0 == node }
        #expect(await again.tail(node, lineCount: 1).count == 1)
        let after = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(after.count { $0.hasSuffix(".log") } <= 1_001)
    }

    @Test func `crashes of nodes are kept, and the last few of machines that can be invented`() async throws {
        let directory = try TemporaryDirectory()
        let logs = try NodeLogs(directory: directory.path)
        let (node, stranger) = (MACAddress(rawValue: 1), MACAddress(rawValue: 2))
        let panic = LogMessage(severity: .critical, text: "Kernel panic - not syncing: no init")
        for machine in [node, stranger] {
            for minute in 10..<40 {
                logs.append([NodeLogs.Line(machine: machine, at: minute * 60_000, message: panic)]) {
                    $0 == node
                }
            }
        }
        #expect(await logs.tail(stranger, lineCount: 100).count == 30)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/crashes")
        #expect(names.count { $0.hasPrefix(node.text(separator: "-")) } == 20)
        let others = names.filter { $0.hasPrefix(stranger.text(separator: "-")) }.sorted()
        #expect(others.count == 3 && others.last?.hasSuffix("-39.txt") == true)
    }
}
