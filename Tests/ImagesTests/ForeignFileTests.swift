import Foundation
import Testing

@testable import Images

/// Files that people give in place of a root or a kernel: what each is, and what to do.
@Suite struct ForeignFileTests {
    private static func bytes(_ text: String, at offset: Int = 0) -> Data {
        Data(repeating: 0xFE, count: offset) + Data(text.utf8) + Data([0xFE])
    }

    @Test(
        arguments: [
            ([], "is empty"),
            (Array("conectix".utf8) + [0xFE], "is a VHD disk"),
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive"),
            ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "is a 7z archive"),
            (Array("Rar!\u{1A}".utf8), "is a rar archive"),
            ([0x1F, 0x9D], "is compressed with compress"),
            (Array("MSWIM\0".utf8), "is an image of Windows"),
            (Array("070701".utf8), "is a cpio archive"),
            (Array("!<arch>\n".utf8), "is a package (.deb)"),
            ([0xED, 0xAB, 0xEE, 0xDB], "is a package (.rpm)"),
            (Array("# Disk DescriptorFile\n".utf8), "is a VMDK whose data is in other files"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "is a Git LFS pointer"),
            (Array("<!DOCTYPE html>".utf8), "is a text"), (Array("<html>\u{E4}".utf8), "is a text"),
            (Array("404: Not found\r\n".utf8), "is a text"),
        ] as [([UInt8], String)])
    func `a file is known by its first bytes`(head: [UInt8], what: String) {
        #expect(ForeignFile.description(Data(head))?.hasPrefix(what) == true)
    }

    @Test func `an installation medium is known by its 17th sector, and other bytes are not known`() {
        let medium = Self.bytes("CD001", at: 32_769)
        #expect(ForeignFile.description(medium)?.hasPrefix("is an installation medium") == true)
        #expect(ForeignFile.description(Self.bytes("CD001", at: 32_768)) == nil)
        // Of VirtualBox.
        #expect(ForeignFile.description(Self.bytes("<<< Oracle VM VirtualBox Disk Image >>>\n")) == nil)
        #expect(ForeignFile.description(Data([0x1F, 0x8B, 0x08])) == nil)
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        ("version https://hawser.github.com/spec/v1", "a Git LFS pointer"),
        ("/annex/objects/SHA256E-s1", "a git-annex pointer"), ("XSym\n0012\n", "a link"),
        ("\u{FEFF}\n <!DOCTYPE HTML>", "a web page"), ("<html>", "a web page"),
        ("<?xml version", "a web page"),
        ("<head>", "a web page"), ("<!-- x -->", "a web page"),
    ])
    func `what came in the place of a program is named`(text: String, what: String) {
        #expect(ForeignFile.placeholder(Array(text.utf8))?.hasPrefix(what) == true)
    }

    @Test(arguments: ["#!/bin/sh\n", "\u{7F}ELF", "version https://example.com", "", "<script>"])
    func `other texts are no placeholder`(text: String) {
        #expect(ForeignFile.placeholder(Array(text.utf8)) == nil)
    }

    @Test func `a virtual machine's archive names its disk`() {
        #expect(
            ForeignFile.virtualMachine(["pc.OVF", "pc.mf", "pc-disk1.VMDK", "b.img"])?.hasSuffix(
                " (pc-disk1.VMDK)") == true)
        #expect(ForeignFile.virtualMachine(["pc.ovf"])?.hasSuffix("import the disk in it") == true)
        #expect(ForeignFile.virtualMachine(["pc.vmdk", "etc/passwd"]) == nil)
    }
}
