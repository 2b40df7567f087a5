import Commands
import Fleet
import Foundation
import Testing

@testable import RoostCommand

@Suite struct MisspellingTests {
    @Test(arguments: [
        ("nodes", "‘roost node’"), ("nod list", "‘roost node’"), ("node lst", "‘roost node list’"),
        ("node delete pc-1", "‘roost node rm’"), ("group create /a", "‘roost group add’"),
        ("leases", "‘roost lease’"), ("image improt x y", "‘roost image import’"),
        ("build x", "‘roost image build’"), ("reboot pc-1", "‘roost node restart’"),
        ("restart pc-1", "‘roost node restart’"), ("unset console", "‘roost set --unset’"),
        ("version", "‘roost --version’"),
        ("help nodes", "‘roost node’"), ("help node lst", "‘roost node list’"),
        ("user list", "‘roost admin’"), ("token create", "‘roost token add’"), ("docter", "‘roost doctor’"),
    ])
    func `for an unknown command the likely one is suggested`(line: String, meant: String) {
        let message = Misspelling.message(line.split(separator: " ").map(String.init))
        #expect(message?.contains("did you mean \(meant)?") == true, "\(message ?? "")")
    }

    @Test func `words unlike any command are just refused`() {
        let message = Misspelling.message(["frobnicate"])
        #expect(message == "there is no command ‘roost frobnicate’ (roost --help shows all)")
        #expect(
            Misspelling.message(["image", "build-worker"])?.contains("did you mean ‘roost image build’")
                != nil)
    }

    @Test func `help is asked for in the order that is understood`() {
        #expect(
            Misspelling.message(["node", "help", "add"]) == "‘help’ is the first word: roost help node add")
        #expect(Misspelling.message(["node", "help"]) == "‘help’ is the first word: roost help node")
        #expect(
            Misspelling.message(["help", "nonsense"])?.contains("there is no command ‘roost nonsense’")
                == true)
    }

    @Test(arguments: [
        "", "--version", "--help", "help", "help node", "help node add", "help at", "node list",
        "node add pc-1 --mac x", "set consle=x",
        "lease x",
        "status", "build-worker",
    ])
    func `valid commands and their arguments pass`(line: String) {
        #expect(Misspelling.message(line.split(separator: " ").map(String.init)) == nil)
    }

    @Test(arguments: [
        "files=@/nowhere/x.txt", "files=@/nowhere/x.yaml", "files=/etc/a=@/nowhere/x",
        "time-zone=@/nowhere/x",
        "ssh-authorized-keys=@/nowhere/x",
    ])
    func `a file that is not there is called missing, not another kind of file`(text: String) {
        let error = #expect(throws: Failure.self) { try SettingAssignment(text, files: .local) }
        #expect(error?.description.contains("there is no file /nowhere/x") == true)
    }

    @Test(arguments: [
        ("/etc/a:\n", "1: /etc/a: has no value"), ("/etc/a: ~", "1: /etc/a: has no value"),
        ("/etc/b: x\n/etc/a: [x, y]", "2: /etc/a: must be text"),
        ("/etc/a: 1\n/etc/a: 2", "given twice: /etc/a"),
        ("{\"/etc/a\": null}", "1: /etc/a: has no value"), ("[]", "must be a mapping"),
        ("{}", "there is nothing in"),
        ("/etc/a:x", "there is no blank behind its colon"), ("", "there is nothing in"),
    ])
    func `a map in YAML has a text for each key`(content: String, told: String) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: (any Error).self) {
            try SettingAssignment("files=@\(path)", files: .local)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(told))
    }

    @Test func `a key is read whatever editor saved it`() throws {
        let key = "ssh-ed25519 AAAA me@home"
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-key-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let wide = Array("\u{FEFF}\(key)\r\n".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        for bytes in [Array("\(key)\n".utf8), Array("\u{FEFF}\(key)\r\n".utf8), wide] {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let assignment = try SettingAssignment("ssh-authorized-keys=@\(path)", files: .local)
            #expect(assignment.act == .set(.list([key])))
        }
        // What becomes a file of the node stays unchanged.
        try Data("\u{FEFF}a\r\n".utf8).write(to: URL(fileURLWithPath: path))
        let file = try SettingAssignment("files=/etc/a=@\(path)", files: .local)
        #expect(file.act == .set(.map(["/etc/a": "\u{FEFF}a\r\n"])))
    }

    @Test(arguments: [
        ("consle", "console"), ("kernel", "kernel-arguments"), ("Console", "console"), ("laoder", "loader"),
    ])
    func `for an unknown setting the likely one is suggested`(name: String, meant: String) {
        let error = #expect(throws: InvalidSetting.self) { try SettingDefinition.settable(name) }
        #expect(error?.description.contains("did you mean ‘\(meant)’") == true, "\(error?.description ?? "")")
    }
}
