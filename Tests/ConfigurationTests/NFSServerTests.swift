import Fleet
import Testing

@testable import RoostCommand

/// Which NFS server the role uses, and where it cannot be taken.
@Suite struct NFSServerTests {
    private func refusal(
        _ settings: ServerSettings = ServerSettings(), installed: NFSServer? = .kernel, isRoot: Bool = true
    ) -> String? {
        do {
            _ = try Server.nfsServer(settings, installed: installed, isRoot: isRoot)
            return nil
        } catch { return "\(error)" }
    }

    @Test func `the one that the configuration names goes before the installed one`() throws {
        var settings = ServerSettings()
        #expect(try Server.nfsServer(settings, installed: .kernel, isRoot: true) == .kernel)
        settings.nfs.server = .ganesha
        #expect(try Server.nfsServer(settings, installed: .kernel, isRoot: true) == .ganesha)
        #expect(try Server.nfsServer(settings, installed: nil, isRoot: true) == .ganesha)
    }

    @Test func `a host without one is told what to install, and only root serves trees`() {
        #expect(refusal(installed: nil)?.contains("apt install nfs-kernel-server") == true)
        #expect(refusal(isRoot: false)?.contains("only root") == true)
        #expect(refusal() == nil)
    }

    @Test(arguments: ["/var/lib/ro ost", "/var/lib/\"roost", "/a,b", "/a:b", "/a\tb", "/ä", "/a\u{7F}"])
    func `a path that is no plain word is refused`(path: String) {
        var settings = ServerSettings()
        settings.stateDirectory = path
        #expect(refusal(settings)?.contains("must not contain") == true)
        settings.stateDirectory = "/srv/roost-2_x+y"
        #expect(refusal(settings) == nil)
    }
}
