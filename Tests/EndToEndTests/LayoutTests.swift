import Foundation
import Testing

extension EndToEnd.Systems {
    /// Roots with the layout of other distributions.
    @Suite struct LayoutTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        @Test func `a root in the layout of other distributions boots, and its packages are known`() throws {
            let work = "\(BootLab.directory)/layout"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let root = "\(work)/root"
            // With a general-purpose kernel: only such a kernel has modules that need firmware.
            let release = try TinyRoot(root, .physical).kernelRelease
            // openSUSE's kernel, which is a link; modules compressed as in Fedora and Arch, and one as in Alpine, which this machine's
            // depmod cannot read; compressed firmware; a name behind an absolute link; rpm's records.
            try BootLab.run(
                "sh",
                [
                    "-euc",
                    """
                    cd "$1"
                    modules=usr/lib/modules/$2
                    rm -rf var/lib/dpkg var/lib/apt
                    mv "boot/vmlinuz-$2" "$modules/vmlinuz"
                    ln -s "../$modules/vmlinuz" "boot/vmlinuz-$2"
                    find "$modules/kernel/drivers" -name '*.ko' -print0 | xargs -0 -P 2 -n 100 zstd -q -1 --rm
                    find "$modules" -name '*.ko' -print0 | xargs -0 -P 2 -n 100 xz -0
                    depmod -b . "$2"
                    xz -d "$modules/kernel/fs/overlayfs/overlay.ko.xz"
                    touch "$modules/kernel/fs/overlayfs/overlay.ko" && gzip "$modules/kernel/fs/overlayfs/overlay.ko"
                    sed -i 's/overlay.ko.xz/overlay.ko.gz/' "$modules/modules.dep"
                    mkdir -p usr/lib/firmware/rtl_nic
                    echo 'firmware of the test' | xz >usr/lib/firmware/rtl_nic/rtl8168e-3.fw.xz
                    sed -i 's/^PRETTY_NAME=.*/PRETTY_NAME="Sample Linux 7"/' usr/lib/os-release
                    ln -sf /usr/lib/os-release etc/os-release
                    cat >../sample.spec <<'SPEC'
                    Name: sample
                    Epoch: 1
                    Version: 2.0
                    Release: 3
                    Summary: A sample
                    License: none
                    BuildArch: noarch
                    %description
                    A sample.
                    %files
                    SPEC
                    rpmbuild --quiet --define "_topdir $PWD/../rpm" -bb ../sample.spec
                    rpm --dbpath "$PWD/usr/lib/sysimage/rpm" --initdb
                    rpm --dbpath "$PWD/usr/lib/sysimage/rpm" -i --justdb --nodeps ../rpm/RPMS/noarch/sample-2.0-3.noarch.rpm
                    """, "sh", root, release,
                ])
            try lab.importImage("laid-out", root)
            let made = try #require(
                (try lab.json("image", "list") as? [[String: Any]] ?? []).first {
                    $0["image"] as? String == "laid-out"
                })
            let manifest = try #require(made["manifest"] as? [String: Any])
            #expect(manifest["kernelRelease"] as? String == release)
            #expect(manifest["system"] as? String == "Sample Linux 7")
            let packages = manifest["packages"] as? [[String: String]]
            #expect(packages == [["name": "sample", "version": "1:2.0-3"]])
            let store = "\(BootLab.stateDirectory)/images/laid-out/\(try #require(made["digest"] as? String))"
            #expect(
                try BootLab.run(
                    "sh", ["-c", "zstd -dc \(store)/modules.cpio | grep -ac 'firmware of the test'"]
                )
                .hasPrefix("1"))

            let mac = "52:54:00:00:00:a8"
            try lab.roost("node", "add", "laid-out", "--mac", mac)
            try lab.roost("set", "--node", "laid-out", "image=laid-out")
            defer { _ = try? lab.powerOff("laid-out") }
            try lab.bootDirectly("laid-out", mac: mac)
            try lab.waitForStage("ready", of: "laid-out")
            #expect(
                try lab.ssh(lab.address(of: "laid-out"), ". /etc/os-release; echo $PRETTY_NAME")
                    == "Sample Linux 7")
        }
    }
}
