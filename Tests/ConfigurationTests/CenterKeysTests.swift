import Fleet
import Foundation
import Images
import Linux
import Testing

@testable import RoostCommand

/// The control center's certificates, made with right and wrong clocks.
@Suite final class CenterKeysTests {
    private static let day = 86_400
    private let state = NSTemporaryDirectory() + "roost-keys-\(UUID())"
    private let now = SystemClock.wall / 1_000
    private let openssl: Program

    init() throws {
        try FileManager.default.createDirectory(atPath: "\(state)/center", withIntermediateDirectories: true)
        openssl = try Program("openssl", package: "openssl")
    }

    deinit { try? FileManager.default.removeItem(atPath: state) }

    private var authority: String { "\(state)/center/ca.pem" }

    private func make(at second: Int, addresses: [String] = ["10.77.0.1"]) throws {
        try CenterKeys(stateDirectory: state, addresses: addresses, now: second).make(for: .current)
    }

    /// Whether a browser whose clock says `second` accepts the server's certificate.
    private func holds(at second: Int) -> Bool {
        let chain = "\(state)/center/certificate.pem"
        return
            (try? openssl.run(["verify", "-attime", String(second), "-CAfile", authority, chain])) != nil
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(state)/center/\(name)", encoding: .utf8)
    }

    @Test func `a certificate made in 1970 is valid once the clock is right, and stays unchanged`() throws {
        try make(at: Self.day)
        #expect(holds(at: now))
        let (authority, server) = (try text("ca.pem"), try text("certificate.pem"))
        try make(at: now)
        #expect(try text("ca.pem") == authority)
        #expect(try text("certificate.pem") == server)
        // Nor does a start in 1970 discard a valid one.
        try make(at: 2 * Self.day)
        #expect(try text("certificate.pem") == server)
    }

    @Test func `a link-local address is in the certificate without its zone`() throws {
        try make(at: now, addresses: ["fe80::1%eth1", "fd00:0:0::1", "10.77.0.1"])
        let names = try openssl.run([
            "x509", "-in", "\(state)/center/certificate.pem", "-noout", "-ext", "subjectAltName",
        ])
        let text = String(decoding: names, as: UTF8.self)
        for name in ["FE80:0:0:0:0:0:0:1", "FD00:0:0:0:0:0:0:1", "10.77.0.1"] {
            #expect(text.contains("IP Address:\(name)"), "\(text)")
        }
    }

    @Test func `a certificate that is not valid now is made again, and the authority never expires`() throws {
        try make(at: now)
        #expect(holds(at: now) && !holds(at: now + 400 * Self.day))
        let authority = try text("ca.pem")
        // 2099 and back, among others.
        for later in [400, 26_500, 0, 4_000, -100] {
            try make(at: now + later * Self.day)
            #expect(holds(at: now + later * Self.day))
            #expect(try text("ca.pem") == authority)
        }
    }

    @Test func `a clock beyond the last year of certificates makes one all the same`() throws {
        let last = 253_402_300_799
        for second in [last - Self.day, last, last + 400 * Self.day, 1 << 40] {
            try make(at: second)
            #expect(holds(at: last - 60))
        }
    }

    @Test func `an authority from an earlier version stays as long as it is valid`() throws {
        try openssl.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "3650",
            "-subj", "/CN=old", "-keyout", "\(state)/center/ca-key.pem", "-out", authority,
        ])
        let old = try text("ca.pem")
        for second in [now + 60, Self.day] {
            try make(at: second)
            #expect(try text("ca.pem") == old)
        }
        let later = now + 3_700 * Self.day
        try make(at: later)
        #expect(try text("ca.pem") != old)
        #expect(holds(at: later))
    }

    @Test func `a certificate can name IPv6 addresses`() throws {
        try make(at: now, addresses: ["fd00::1"])
        let text = try openssl.run(["x509", "-in", "\(state)/center/certificate.pem", "-noout", "-text"])
        #expect(String(decoding: text, as: UTF8.self).contains("IP Address:FD00:0:0:0:0:0:0:1"))
    }
}
