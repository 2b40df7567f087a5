import Foundation

/// What lies on installation and live media, which is no root: at best it has one in a file.
enum LiveMedium {
    /// Where media keep their kernels.
    static let kernelPlaces = [
        "casper", "live", "isolinux", "images/pxeboot", "arch/boot/x86_64", "boot/x86_64/loader",
        "install.amd",
    ]
    private static let rootFiles = [
        "live/filesystem.squashfs", "LiveOS/squashfs.img", "LiveOS/rootfs.img", "arch/x86_64/airootfs.sfs",
    ]
    private static let ownMark = ".disk/info"

    /// What to do with a medium's content; nil for anything else.
    static func advice(_ directory: RootDirectory) -> String? {
        let layers = directory.names(in: "casper").filter { $0.hasSuffix(".squashfs") }.sorted()
        let files =
            (layers.contains("filesystem.squashfs") ? ["filesystem.squashfs"] : layers).map { "casper/\($0)" }
            + rootFiles.filter(directory.contains)
        if let file = files.first, files.count == 1 {
            return "it is the content of a live medium: its root is in \(file), so import that\(hint(file))"
        }
        if !files.isEmpty {
            return
                "it is the content of a live medium: its root lies in several files, each on top of the one before: unpack those that you "
                + "need into one directory (unsquashfs -force -dest ROOT FILE), and import that (\(files.joined(separator: ", ")))"
        }
        let hasKernel = kernelPlaces.contains { directory.names(in: $0).contains { KernelName($0) != nil } }
        guard hasKernel || directory.contains(ownMark) else { return nil }
        return
            "it is the content of an installation medium, which has no system on it yet: install it on a disk, and import that, or build an "
            + "image (roost image build)"
    }

    private static func hint(_ file: String) -> String {
        switch file {
        case "LiveOS/squashfs.img":
            "; if that holds LiveOS/rootfs.img only, unpack it with unsquashfs, and import that file"
        case "casper/filesystem.squashfs":
            "; if it lacks a kernel, unpack it with unsquashfs, put the medium's casper/vmlinuz into it as boot/vmlinuz-RELEASE, and import the "
                + "directory"
        default: ""
        }
    }

    /// Whether a root was made for such a medium, whose kernel stays outside of it.
    static func isRoot(_ directory: RootDirectory) -> Bool {
        ["usr/share/initramfs-tools/scripts/casper", "usr/lib/live/boot", "lib/live/boot"].contains(
            where: directory.contains)
    }
}
