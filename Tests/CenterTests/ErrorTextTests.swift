import API
import Fleet
import Foundation
import NIOCore
import NetworkErrors
import Testing

@testable import Center
@testable import HTTPClient

@Suite struct ErrorTextTests {
    private struct Foreign: Error {}

    private static let raw = [
        "Error Domain", "Swift.", "NSCocoa", "Optional(", "errno", "CodingKeys", "Context(",
        "HTTPClientError", "NIO", "()",
    ]

    private func decoding(_ json: String) -> any Error {
        do {
            _ = try JSONDecoder().decode(Node.self, from: Data(json.utf8))
            return Foreign()
        } catch { return error }
    }

    @Test(arguments: [
        ("{", "this is not JSON"), ("[]", "an object is required"), ("{}", "name: is missing"),
        (#"{"name":1}"#, "name: a text is required"),
        (#"{"name":"pc 1"}"#, "name: ‘pc 1’ is not a valid name"),
        (#"{"name":"pc-1","macAddresses":"x"}"#, "macAddresses: a list is required"),
        (#"{"name":"pc-1","macAddresses":["x"]}"#, "‘x’ is not a hardware address"),
        (#"{"name":"pc-1","macAddresses":[null]}"#, "required"),
        (#"{"name":"pc-1","settings":{"nbd-connections":99999999999999999999}}"#, "settings.nbd-connections"),
        (#"{"name":"pc-1","settings":{"nbd-connections":2.5}}"#, "connections: a text, a whole number, true"),
        (#"{"name":null}"#, "name: a text is required"),
    ])
    func `an invalid request is reported with the position and the expected value`(json: String, text: String)
    {
        let said = ErrorText.of(decoding(json))
        #expect(said.contains(text), "\(said)")
        for raw in Self.raw { #expect(!said.contains(raw), "\(said)") }
    }

    @Test func `library errors become sentences about the subject`() throws {
        let full = NSError(
            domain: NSCocoaErrorDomain, code: 640, userInfo: [NSFilePathErrorKey: "/var/lib/roost/images/x"])
        #expect(ErrorText.of(full) == "/var/lib/roost/images/x: no space is left on the disk; free some")
        let files = FileManager.default
        for act in [
            { try files.removeItem(atPath: "/no/such/file") },
            { try files.createDirectory(atPath: "/proc/x", withIntermediateDirectories: false) },
            { _ = try Data(contentsOf: URL(fileURLWithPath: "/no/such/file")) },
            { throw CancellationError() },
            { throw HTTPClientError(.noAnswer(.seconds(60)), at: "boot:8443") },
            { throw NIOTooManyBytesError(maxBytes: 1) },
            { throw IOError(errnoCode: ECONNREFUSED, reason: "connect(descriptor:addr:size:)") },
            { throw Foreign() },
            { _ = try JSONSerialization.jsonObject(with: Data("{".utf8)) },
        ] as [() throws -> Void] {
            do {
                try act()
                Issue.record("it went well")
            } catch {
                let said = ErrorText.of(error)
                for raw in Self.raw { #expect(!said.contains(raw), "\(said)") }
            }
        }
        #expect(ErrorText.of(InvalidSetting("loader: no")) == "loader: no")
        #expect(ErrorText.of(StoreError.conflict("it is there already")) == "it is there already")
    }
}

@Suite struct ShadowPasswordTests {
    @Test func `a root password is hashed like crypt`() throws {
        // openssl passwd -6 -salt abcdefgh secret
        #expect(
            try ShadowPassword.hash("secret", salt: Array("abcdefgh".utf8), roundCount: nil)
                == "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
        )
        // From the specification, with a different round count and a longer password.
        #expect(
            try ShadowPassword.hash("Hello world!", salt: Array("saltstringsaltst".utf8), roundCount: 10_000)
                == "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
        )
        #expect(throws: Problem.self) { try ShadowPassword.hash("") }
    }
}

@Suite struct SettingsChangeTests {
    private func applied(_ texts: [String], to settings: [String: SettingValue]) throws -> [String:
        SettingValue]
    {
        try SettingsChange(target: "/", texts.map { try SettingAssignment($0) }).applied(
            to: settings, inheriting: FleetSnapshot.empty.settings(of: GroupPath.site))
    }

    @Test func `entries are added to a level's list and removed`() throws {
        let before: [String: SettingValue] = [
            "kernel-arguments": .list(["quiet"]), "hosts": .map(["10.0.0.1": "a"]),
        ]
        let after = try applied(
            ["kernel-arguments+=nosmt quiet", "hosts+=10.0.0.2=b", "console+=ttyS0,115200"], to: before)
        #expect(after["kernel-arguments"] == .list(["quiet", "nosmt"]))
        #expect(after["hosts"] == .map(["10.0.0.1": "a", "10.0.0.2": "b"]))
        // The list of consoles is not merged: the effective ones stay first.
        #expect(after["console"] == .list(["tty0", "ttyS0,115200"]))
        let less = try applied(["kernel-arguments-=quiet", "hosts-=10.0.0.1"], to: before)
        #expect(less["kernel-arguments"] == .list([]) && less["hosts"] == .map([:]))
    }

    @Test func `a root password becomes its hash, and a setting appears once`() throws {
        let after = try applied(["root-password=secret"], to: [:])
        #expect(after.keys.sorted() == ["root-password-hash"])
        #expect(after["root-password-hash"]?.description.hasPrefix("$6$rounds=") == true)
        #expect(throws: InvalidSetting.self) { try applied(["loader=ipxe", "loader=grub"], to: [:]) }
        #expect(throws: InvalidSetting.self) { try applied(["loader+=ipxe"], to: [:]) }
    }
}
