import Foundation
import Testing
import Wire

/// UDP datagrams of a pcap file of Ethernet frames (the classic little-endian format).
struct Capture {
    struct Datagram {
        var sourcePort: UInt16
        var destinationPort: UInt16
        var payload: [UInt8]
    }

    let datagrams: [Datagram]

    init(_ name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.directory.appendingPathComponent(name)))
        func little(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
        var position = 24
        var found: [Datagram] = []
        while position + 16 <= bytes.count {
            let length = little(position + 8)
            let frame = Array(bytes[position + 16..<position + 16 + length])
            position += 16 + length
            let headerByteCount = Int(frame[14] & 0x0F) * 4
            let udp = 14 + headerByteCount
            func port(_ offset: Int) -> UInt16 {
                UInt16(frame[udp + offset]) << 8 | UInt16(frame[udp + offset + 1])
            }
            // The Ethernet frame may be padded; UDP gives the real length.
            found.append(
                Datagram(
                    sourcePort: port(0), destinationPort: port(2),
                    payload: Array(frame[udp + 8..<udp + Int(port(4))])))
        }
        datagrams = found
    }

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Captures")
}

@Suite struct CaptureTests {
    private let capture: Capture

    init() throws { capture = try Capture("boot.pcap") }

    private var messages: [(isOurs: Bool, bytes: [UInt8])] {
        capture.datagrams.filter { $0.destinationPort == 67 || $0.destinationPort == 68 }
            .map { ($0.sourcePort == 67, $0.payload) }
    }

    @Test func `captures of real machines parse as their golden files say`() throws {
        let text = try capture.datagrams.map { try Self.line($0) + "\n" }.joined()
        let golden = Capture.directory.appendingPathComponent("boot.txt")
        if ProcessInfo.processInfo.environment["ROOST_WRITE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: golden)
        }
        #expect(try String(contentsOf: golden, encoding: .utf8) == text)
    }

    private static func line(_ datagram: Capture.Datagram) throws -> String {
        let ports = "\(datagram.sourcePort) > \(datagram.destinationPort)"
        guard datagram.destinationPort == 67 || datagram.destinationPort == 68 else {
            guard datagram.destinationPort == 69 else {
                return "\(ports) \(try parse(TFTPPacket.self, datagram.payload))"
            }
            guard case .read(let request) = try parse(TFTPPacket.self, datagram.payload) else {
                return "not a request"
            }
            return
                "tftp > 69 \(request.path) \(request.mode) \(request.options.map { "\($0.name)=\($0.value)" }.joined(separator: " "))"
        }
        let message = try parse(DHCPMessage.self, datagram.payload)
        let options = message.options
        var parts = ["\(ports) type \(try options.value(of: .messageType)?.rawValue ?? 0)"]
        parts.append(message.macAddress?.description ?? "no MAC")
        if message.yourAddress != .any { parts.append("gets \(message.yourAddress)") }
        if let architecture = try options.value(of: .clientArchitecture) {
            parts.append("arch \(architecture.map(\.rawValue))")
        }
        if let vendor = try options.value(of: .vendorClass) { parts.append("vendor \(vendor)") }
        if let user = try options.value(of: .userClass) { parts.append("user \(user.classes)") }
        if !message.bootFile.isEmpty { parts.append("file \(message.bootFile)") }
        parts.append("options \(options.codes.map(String.init).joined(separator: " "))")
        return parts.joined(separator: "; ")
    }

    @Test func `our own messages are written back byte for byte`() throws {
        let ours = messages.filter(\.isOurs)
        #expect(ours.count >= 10)
        for (_, bytes) in ours { #expect(written(try parse(DHCPMessage.self, bytes)) == bytes) }
    }

    @Test func `messages of other programs mean the same after a round trip`() throws {
        for (_, bytes) in messages {
            let message = try parse(DHCPMessage.self, bytes)
            let again = try parse(DHCPMessage.self, written(message))
            for code in message.options.codes { #expect(again.options[code] == message.options[code]) }
            #expect(
                again.hardwareAddress == message.hardwareAddress && again.transaction == message.transaction)
        }
    }

    @Test func `every truncation of a real message is refused, or ends between two options`() throws {
        for (_, bytes) in messages {
            for length in 0..<bytes.count {
                guard let message = try? parse(DHCPMessage.self, Array(bytes[..<length])) else { continue }
                #expect(length >= 236)
                #expect(
                    message.options.codes.count <= (try parse(DHCPMessage.self, bytes).options.codes.count))
            }
        }
    }
}
