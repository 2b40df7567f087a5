import Fleet
import Testing

@testable import RoostCommand

@Suite struct MisspellingTests {
    @Test(arguments: [
        ("nodes", "‘roost node’"), ("nod list", "‘roost node’"), ("node lst", "‘roost node list’"),
        ("node delete pc-1", "‘roost node rm’"), ("group create /a", "‘roost group add’"),
        ("leases", "‘roost lease’"), ("image improt x y", "‘roost image import’"),
        ("build x", "‘roost image build’"), ("reboot pc-1", "‘roost node restart’"),
        ("unset console", "‘roost set --unset’"), ("version", "‘roost --version’"),
        ("user list", "‘roost admin’"), ("token create", "‘roost token add’"), ("docter", "‘roost doctor’"),
    ])
    func `a word that is no command is answered with the one that was meant`(line: String, meant: String) {
        let message = Misspelling.message(line.split(separator: " ").map(String.init))
        #expect(message?.contains("did you mean \(meant)?") == true, "\(message ?? "")")
    }

    @Test func `what nothing is like is only refused`() {
        let message = Misspelling.message(["frobnicate"])
        #expect(message == "there is no command ‘roost frobnicate’ (roost --help shows all)")
        #expect(
            Misspelling.message(["image", "build-worker"])?.contains("did you mean ‘roost image build’")
                != nil)
    }

    @Test(arguments: [
        "", "--version", "--help", "help node", "node list", "node add pc-1 --mac x", "set consle=x",
        "lease x",
        "status", "build-worker",
    ])
    func `commands and their arguments are let pass`(line: String) {
        #expect(Misspelling.message(line.split(separator: " ").map(String.init)) == nil)
    }

    @Test(arguments: [
        ("consle", "console"), ("kernel", "kernel-arguments"), ("Console", "console"), ("laoder", "loader"),
    ])
    func `a setting that is not there is answered with one that is`(name: String, meant: String) {
        let error = #expect(throws: InvalidSetting.self) { try SettingDefinition.settable(name) }
        #expect(error?.description.contains("did you mean ‘\(meant)’") == true, "\(error?.description ?? "")")
    }
}
