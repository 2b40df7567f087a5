import Foundation
import Testing

/// A mounted ConfigMap with an `lts.conf`, which a server keeps: it is exchanged as kubelet does.
struct KeptMap {
    private let lab: BootLab
    private static let directory = "\(BootLab.directory)/map"

    /// For `roost.yaml`.
    static let configuration = "kept-files: [{path: \(directory)}]"

    init(_ lab: BootLab, _ text: String) throws {
        self.lab = lab
        try? FileManager.default.removeItem(atPath: Self.directory)
        try exchange(text)
        try FileManager.default.createSymbolicLink(
            atPath: "\(Self.directory)/lts.conf", withDestinationPath: "..data/lts.conf")
    }

    func remove() { try? FileManager.default.removeItem(atPath: Self.directory) }

    /// A new directory, a new link to it, and one rename.
    func exchange(_ text: String) throws {
        let name = "..\(UUID())"
        let directory = "\(Self.directory)/\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/lts.conf"))
        try BootLab.run(
            "sh", ["-euc", "ln -s \"$1\" ..data_tmp; mv -T ..data_tmp ..data", "sh", name],
            in: Self.directory)
    }

    /// The value that a node has of a variable, with its origin.
    func value(_ variable: String, of node: String) throws -> String {
        try lab.roost("get", node, "lts.\(variable)", "--origin")
    }

    /// What the farm of the field has in its file.
    static func text(mark: String) -> String {
        """
        [default]
        MARK = \(mark)
        TIMEZONE = Europe/Prague
        PREINIT_00_TIME = "ln -sf /usr/share/zoneinfo/Europe/Prague /etc/localtime"
        LDM_PASSWORD = "tiger of the map"
        [nfs-1]
        RCFILE_01 = "echo \\"it's $HOME\\" >/tmp/x"

        """
    }

    /// A node that has booted with the map: what is in its root, and what it is not told in clear.
    func check(_ node: String, at address: String) throws {
        let file = try lab.ssh(address, "cat /etc/lts.conf")
        #expect(file.contains("[Default]\n") && file.contains("MARK=\"one\""), "\(file)")
        #expect(try lab.ssh(address, "stat -c %a /etc/lts.conf") == "600")
        #expect(try lab.ssh(address, ". /etc/roost/lts.env; echo \"$LDM_PASSWORD\"") == "tiger of the map")
        // The node has run it, with the value that a shell of LTSP had.
        try lab.waitUntil("its commands are over", seconds: 60) {
            try lab.outcomes(of: node)["command rcfile-0001"] != nil
        }
        #expect(try lab.ssh(address, "cat /tmp/x").hasPrefix("it's"))
        let outcomes = try lab.outcomes(of: node)
        #expect(outcomes["command preinit-0000_TIME"] == "done" && outcomes["command rcfile-0001"] == "done")
        #expect(
            try lab.roost("get", node, "time-zone", "--origin").contains("file lts.conf:3 [default]"))
        #expect(try value("MARK", of: node).contains("file lts.conf:2 [default]"))
        #expect(!(try lab.roost("node", "show", node)).contains("tiger of the map"))
        // As an old client asks, from an address that is no node's.
        let stranger = try BootLab.lab("exec", "curl", "-sf", "http://10.77.0.1/ltsp/i386/lts.conf")
        #expect(stranger.contains("MARK=\"one\"") && !stranger.contains("tiger"), "\(stranger)")
    }

    /// The map is exchanged: for a right one, a wrong one, and a right one again.
    func change(_ node: String) throws {
        try exchange(Self.text(mark: "two"))
        try lab.waitUntil("the new map counts", seconds: 5) {
            try value("MARK", of: node).contains("two")
        }
        #expect(try lab.roost("history").contains("file \(Self.directory)"))
        try exchange("[default]\nMARK =\nTIMEZONE = Europe/Rome\n")
        try lab.waitUntil("the wrong map is told", seconds: 5) {
            try lab.roost("status").contains("lts.conf:2: ")
        }
        #expect(try value("MARK", of: node).contains("two"))
        #expect(try lab.roost("kept-file", "list").contains("refused"))
        try BootLab.requireDocumented("kept-files", "KeptFile")
        try BootLab.requireDocumented("export", "Export")
        try exchange(Self.text(mark: "three"))
        try lab.waitUntil("the right map counts again", seconds: 5) {
            try value("MARK", of: node).contains("three")
        }
        #expect(!(try lab.roost("status")).contains("lts.conf:2: "))
        // Nothing of it stays in the files of the server in clear.
        #expect(
            throws: CommandFailed.self,
            performing: {
                try BootLab.run("grep", ["-rqF", "tiger of the map", "\(BootLab.stateDirectory)/store"])
            })
    }
}
