import Testing
import Wire

/// What servers say at their ports: recorded from xrdp 0.9, FreeRDP's shadow server and OpenSSH, and what no server should say.
@Suite struct PortDialogueTests {
    private static let request = "03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 0b 00 00 00"
    private static let xrdp = "03 00 00 13 0e d0 00 00 12 34 00 02 01 08 00 01 00 00 00"
    private static let withNLA = "03 00 00 13 0e d0 00 00 00 00 00 02 03 08 00 02 00 00 00"
    private static let refusal = "03 00 00 13 0e d0 00 00 00 00 00 03 00 08 00 05 00 00 00"

    private static func answer(_ hex: String) throws -> RDPNegotiationAnswer {
        let heard = bytes(hex)
        var wire = heard.span
        return try RDPNegotiationAnswer(parsing: &wire)
    }

    // MARK: RDP

    @Test func `the request asks for TLS and both kinds of CredSSP`() {
        #expect(PortDialogue(.rdp).opening == bytes(Self.request))
        #expect(PortDialogue(.ssh).opening.isEmpty && PortDialogue(.vnc).opening.isEmpty)
    }

    @Test(arguments: [
        (xrdp, RDPNegotiationAnswer.accepted(.tls)),
        (withNLA, .accepted(.credSSP)),
        (refusal, .refused(.credSSPRequired)),
        // Without a negotiation: RDP's own protection.
        ("03 00 00 0b 06 d0 00 00 12 34 00", .accepted(.standard)),
        ("03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 00 00 00 00", .accepted(.standard)),
        ("03 00 00 13 0e d0 00 00 12 34 00 03 00 08 00 ff ff ff ff", .refused(.init(rawValue: .max))),
    ])
    func `an answer is read`(hex: String, answer: RDPNegotiationAnswer) throws {
        #expect(try Self.answer(hex) == answer)
    }

    @Test func `an answer that is cut off is waited for, and never read`() throws {
        let whole = bytes(Self.xrdp)
        for count in 0..<whole.count {
            var dialogue = PortDialogue(.rdp)
            #expect(dialogue.handle(whole.prefix(count)) == .wait)
            #expect(throws: WireError.self) {
                let part = Array(whole.prefix(count))
                var wire = part.span
                _ = try RDPNegotiationAnswer(parsing: &wire)
            }
            #expect(dialogue.handle(whole.dropFirst(count)) == .startTLS)
        }
    }

    @Test(arguments: [
        "04", "47 45 54", "03 00 00 0a 05 d0 00 00 12 34", "03 00 ff ff 0e d0",
        "03 00 00 13 0d d0 00 00 12 34 00",
        "03 00 00 13 0e e0 00 00 12 34 00 02 01 08 00 01 00 00 00",
        "03 00 00 13 0e d0 00 00 12 34 00 07 01 08 00 01 00 00 00",
        "03 00 00 13 0e d0 00 00 12 34 00 02 01 09 00 01 00 00 00", "03 00 00 0c 07 d0 00 00 12 34 00 02",
    ])
    func `what is no answer is said to be something else`(hex: String) {
        var dialogue = PortDialogue(.rdp)
        var heard = bytes(hex)
        heard += [UInt8](repeating: 0, count: 32)
        guard case .over(.other) = dialogue.handle(heard) else {
            Issue.record("\(hex) is taken")
            return
        }
    }

    @Test func `findings are sentences, and say what a server wants`() {
        var (xrdp, withNLA, refusal) = (PortDialogue(.rdp), PortDialogue(.rdp), PortDialogue(.rdp))
        #expect(xrdp.handle(bytes(Self.xrdp)) == .startTLS)
        #expect(xrdp.shown(certificate: "ab").description == "RDP with TLS, certificate ab")
        #expect(withNLA.handle(bytes(Self.withNLA)) == .startTLS)
        #expect(withNLA.shown(certificate: "ab").description == "RDP with NLA, certificate ab")
        #expect(refusal.handle(bytes(Self.refusal)) == .over(.rdpRefused(.credSSPRequired)))
        #expect(PortFinding.rdpRefused(.credSSPRequired).isThere)
        #expect(!PortFinding.other("x").isThere && !PortFinding.silent("x").isThere)
    }

    // MARK: SSH

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5\r\n", "2.0", "OpenSSH_9.2p1 Debian-2+deb12u5"),
        ("SSH-1.99-Cisco-1.25\n", "1.99", "Cisco-1.25"),
        ("Only for staff\r\nof the school\nSSH-2.0-dropbear\r\nmore", "2.0", "dropbear"),
    ])
    func `a server names itself, perhaps after other lines`(text: String, version: String, software: String)
        throws
    {
        let found = try SSHBanner.find(in: Array(text.utf8))
        #expect(found?.version == version && found?.software == software)
    }

    @Test func `a banner is not believed to be more than a line of text`() throws {
        #expect(try SSHBanner.find(in: Array("SSH-2.0-Open".utf8)) == nil)
        #expect(try SSHBanner.find(in: []) == nil)
        let hostile = try SSHBanner.find(in: Array("SSH-2.0-a\u{1B}[2J\n".utf8))
        #expect(hostile?.software.contains("\u{1B}") == false)
        for wrong in [
            "SSH-2.0\n", "SSH-2.0-\n", "SSH--x\n", "SSH-two-x\n",
            "SSH-2.0-" + String(repeating: "x", count: 300),
        ] {
            #expect(throws: WireError.self) { try SSHBanner.find(in: Array(wrong.utf8)) }
        }
    }

    @Test(arguments: [PortDialogue.Service.rdp, .ssh, .vnc])
    func `a server that never stops is not listened to for ever`(service: PortDialogue.Service) {
        var dialogue = PortDialogue(service)
        let noise = [UInt8](repeating: 10, count: 1_000)
        for _ in 0..<9 {
            if case .over(.other) = dialogue.handle(noise) { return }
        }
        Issue.record("it still listens")
    }

    // MARK: VNC

    @Test func `a VNC server says its version`() throws {
        let greeting = Array("RFB 003.008\n".utf8)
        for count in 0..<greeting.count {
            #expect(try VNCGreeting.find(in: Array(greeting.prefix(count))) == nil)
        }
        #expect(try VNCGreeting.find(in: greeting) == VNCGreeting(major: 3, minor: 8))
        #expect(throws: WireError.self) { try VNCGreeting.find(in: Array("RFB 003,008\n".utf8)) }
        #expect(throws: WireError.self) { try VNCGreeting.find(in: Array("SSH-".utf8)) }
    }

    @Test func `no bytes make a dialogue stop the server`() {
        var state: UInt64 = 7
        func byte() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for seed in [Self.xrdp, Self.withNLA, Self.refusal] {
            for _ in 0..<2_000 {
                var heard = bytes(seed)
                heard[Int(byte()) % heard.count] = byte()
                heard[Int(byte()) % heard.count] = byte()
                for service in [PortDialogue.Service.rdp, .ssh, .vnc] {
                    var dialogue = PortDialogue(service)
                    _ = dialogue.handle(heard)
                }
            }
        }
    }
}
