import Testing

@testable import RoostCommand

@Suite struct NFSExportsTests {
    private let exports = [
        NFSExport(path: "/s/images", clients: ["10.77.0.0/24", "10.78.0.0/22"]),
        NFSExport(path: "/s/trees/pc-1/1", clients: ["10.77.0.9"], isWritable: true),
    ]

    @Test func `the kernel's server gets a line for each directory`() {
        let options = "no_root_squash,no_subtree_check"
        #expect(
            NFSServer.kernel.text(exports, previous: "") == """
                # Written by Roost; changes are lost.
                "/s/images" 10.77.0.0/24(ro,async,\(options)) 10.78.0.0/22(ro,async,\(options))
                "/s/trees/pc-1/1" 10.77.0.9(rw,sync,\(options))

                """)
    }

    /// Ganesha takes an export with another number for another export, and ends the first.
    @Test func `with Ganesha an export keeps its number when others come and go`() {
        func numbers(_ text: String) -> [String] {
            text.matches(of: /Export_Id = ([0-9]+); Path = "([^"]*)"/).map { "\($0.1) \($0.2)" }
        }
        let first = NFSServer.ganesha.text(exports, previous: "")
        #expect(numbers(first) == ["7001 /s/images", "7002 /s/trees/pc-1/1"])
        #expect(first.contains("Clients = 10.77.0.0/24, 10.78.0.0/22; Access_Type = RO;"))
        #expect(first.contains("Clients = 10.77.0.9; Access_Type = RW;"))
        let other = NFSExport(path: "/s/trees/a/1", clients: ["10.77.0.8"], isWritable: true)
        let second = NFSServer.ganesha.text([exports[0], other, exports[1]], previous: first)
        #expect(numbers(second) == ["7001 /s/images", "7003 /s/trees/a/1", "7002 /s/trees/pc-1/1"])
        let third = NFSServer.ganesha.text([exports[0], exports[1]], previous: second)
        #expect(numbers(third) == ["7001 /s/images", "7002 /s/trees/pc-1/1"])
    }

    @Test func `the kernel's server on UDP is found`() {
        #expect(Examination.listensOnUDP("rdma 20049\ntcp 2049\nudp 2049\n"))
        #expect(!Examination.listensOnUDP("tcp 2049\ntcp 2049\n"))
        #expect(!Examination.listensOnUDP(""))
    }
}
