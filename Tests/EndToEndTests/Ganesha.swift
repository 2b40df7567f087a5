import Foundation

/// NFS-Ganesha in the laboratory, unpacked from Debian's packages: as a package it would start on this machine.
enum Ganesha {
    private static var exports: String { "\(BootLab.directory)/roost.conf" }
    private static var pidFile: String { "\(BootLab.directory)/ganesha.pid" }

    /// Lines for `roost serve`, which writes the exports.
    static var configuration: String {
        """
        roles: [dhcp, tftp, http, nbd, nfs, center]
        nfs: {server: ganesha, exports: \(exports), pid-file: \(pidFile)}
        """
    }

    /// Starts it; Roost's server must have run before, so that its file exists.
    static func start(_ lab: BootLab) throws {
        let unpacked = "\(BootLab.repository)/.build/ganesha/usr"
        let file = "\(BootLab.directory)/ganesha.conf"
        try Data(
            """
            NFS_CORE_PARAM {
              Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false;
              Plugins_Dir = "\(unpacked)/lib/x86_64-linux-gnu/ganesha";
            }
            NFSv4 {
              Graceless = true; Only_Numeric_Owners = true; UseGetpwnam = true;
              RecoveryRoot = "\(BootLab.directory)/recovery";
            }
            %include "\(exports)"
            """.utf8
        ).write(to: URL(fileURLWithPath: file))
        try BootLab.lab(
            "serve", "ganesha", "env",
            "LD_LIBRARY_PATH=\(unpacked)/lib/x86_64-linux-gnu:\(unpacked)/lib/ganesha",
            "\(unpacked)/bin/ganesha.nfsd", "-F", "-L", "/dev/stdout", "-f", file, "-N", "NIV_EVENT", "-p",
            pidFile)
        try lab.waitUntil("Ganesha listens", seconds: 30) {
            try BootLab.lab("exec", "ss", "-Hltn", "sport = :2049").contains("2049")
        }
    }

    static func stop() { _ = try? BootLab.lab("stop", "ganesha") }
}
