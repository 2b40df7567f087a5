import Foundation
import Testing

/// Nil when machines can have a TPM here.
private let obstacle: String? =
    FileManager.default.isExecutableFile(atPath: "/usr/bin/swtpm_setup")
    ? nil : "swtpm and swtpm-tools are not installed (make prerequisites)"

extension EndToEnd.Machines {
    /// Machines with a TPM of `swtpm`: their configuration goes to that one alone.
    @Suite(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    struct TPMTests {
        private let lab: BootLab
        private let mac = "52:54:00:00:00:7b"
        private static let directory = "\(BootLab.directory)/tpm"

        init() throws { lab = try BootLab.shared.get() }

        @Test func `a node's secrets go to the TPM that it showed first, until another one is accepted`()
            throws
        {
            try prepare()
            defer {
                _ = try? lab.powerOff("vault")
                _ = try? lab.roost("node", "remove", "vault")
            }
            // The first boot binds it: with the RSA key, which alone has a certificate here.
            try start("first")
            #expect(try secret() == "open sesame")
            let first = try bound()
            let tpm = try #require(first["tpm"] as? [String: Any])
            #expect(tpm["kind"] as? String == "rsa")
            #expect((tpm["certificate"] as? [String: Any])?["isTrusted"] as? Bool == false)
            try BootLab.requireDocumented("nodes/vault/tpm", "NodeTPM")
            try lab.powerOff("vault")
            // The second boot shows the same one.
            try start("first")
            #expect(try secret() == "open sesame")
            #expect(try bound()["boundAt"] as? String == first["boundAt"] as? String)
            try lab.powerOff("vault")

            // A machine without one, and one with another, have the node's card and nothing else of it.
            try refuse([], "its TPM only, and has shown none")
            try waitForRefusal("no-tpm")
            try refuse(["--tpm-state", "\(Self.directory)/second"], "is bound to another TPM")
            try waitForRefusal("other-tpm")
            try expectTrouble()
            #expect(try receipts() == 2)

            // Its board was replaced: the second one has no certificate, and shows the kind of key that the node is bound to.
            let refused = try #require(try answer()["refused"] as? [String: Any])
            let shown = try #require((refused["tpm"] as? [String: Any])?["attestation"] as? String)
            #expect(
                try lab.roost("node", "tpm", "vault", "--accept", String(shown.suffix(16))).contains("(rsa)"))
            #expect(try lab.roost("history").contains("of vault accepted"))
            try start("second")
            #expect(try secret() == "open sesame")
            #expect(try lab.roost("node", "tpm", "vault").contains("certificate  none"))
        }

        // MARK: Preparing

        private func prepare() throws {
            for name in ["first", "second"] {
                try FileManager.default.createDirectory(
                    atPath: "\(Self.directory)/\(name)", withIntermediateDirectories: true)
            }
            try BootLab.run(
                "swtpm_setup",
                ["--tpm2", "--tpmstate", "\(Self.directory)/first", "--create-ek-cert", "--overwrite"])
            try lab.roost("node", "add", "vault", "--mac", mac, "--group", "/")
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("vault-word")
            try Data("open sesame".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            try lab.roost("secret", "add", "vault-word", "@\(file.path)", "--arm", "each-boot")
        }

        private func start(_ tpm: String) throws {
            try lab.bootDirectly("vault", mac: mac, ["--tpm-state", "\(Self.directory)/\(tpm)"])
            try lab.waitForStage("ready", of: "vault")
        }

        /// A boot that gets no configuration, and says so on its screen.
        private func refuse(_ options: [String], _ why: String) throws {
            try lab.bootDirectly(
                "vault", mac: mac, options, expecting: ["BOOT FAILED at step 25-delivery: .*\(why)"])
            try lab.powerOff("vault")
        }

        // MARK: Looking

        private func secret() throws -> String {
            try lab.ssh(lab.address(of: "vault"), "cat /run/secrets/vault-word")
        }

        private func answer() throws -> [String: Any] {
            try #require(try lab.json("node", "tpm", "vault") as? [String: Any])
        }

        private func bound() throws -> [String: Any] {
            let answer = try answer()
            let seen = answer["bound"] == nil ? lab.console("vault") : ""
            return try #require(answer["bound"] as? [String: Any], "\(seen.suffix(4_000))")
        }

        private func waitForRefusal(_ property: String) throws {
            try lab.waitUntil("the alarm is known", seconds: 20) {
                (try answer()["refused"] as? [String: Any])?["property"] as? String == property
            }
        }

        /// How often the secret went out.
        private func receipts() throws -> Int {
            let secret = try #require(try lab.json("secret", "show", "vault-word") as? [String: Any])
            let receipts = secret["receipts"] as? [[String: Any]] ?? []
            return receipts.count { $0["node"] as? String == "vault" }
        }

        private func expectTrouble() throws {
            let figures = try BootLab.run(
                "curl", ["-sf", "--unix-socket", BootLab.socket, "http://localhost/api/v1/figures"])
            #expect(figures.contains("with another TPM than the one it is bound to"))
            #expect(try lab.roost("node", "show", "vault").contains("roost node tpm vault --accept"))
        }
    }
}
