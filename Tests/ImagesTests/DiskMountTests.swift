import Foundation
import Glibc
import Testing

@testable import Images

/// A disk's file systems while they are mounted. Root only, on hosts with loop devices.
@Suite(
    .enabled(
        if: geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/loop-control")
            && (try? Confinement.check()) != nil, "only root can mount a disk, on a host with loop devices"))
struct DiskMountTests {
    @Test
    func `no program on a disk has its owner's rights here, and no device on it opens one of this host`()
        throws
    {
        let (root, place) = (try SampleRoot(), try SampleRoot())
        try root.put("etc/os-release", "ID=debian\n")
        let disk = "\(place.path)/disk"
        try Program("mke2fs", package: "e2fsprogs").run(
            ["-q", "-F", "-t", "ext4", "-d", root.path, disk, "16M"])
        let image = DiskImage(try ImageSource(disk), .raw, cache: "\(place.path)/cache") { _ in }
        let line = try image.withRoot { path in
            try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
                .first { $0.contains(" \(path) ") }
        }
        // Device, place, type, options.
        let words = try #require(line).split(separator: " ")
        let options = words.dropFirst(3).first?.split(separator: ",").map(String.init) ?? []
        #expect(Set(options).isSuperset(of: ["ro", "nosuid", "nodev"]), "\(options)")
        let after = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        #expect(!after.contains(place.path))
    }
}
