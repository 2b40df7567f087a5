import Testing
import Wire

@testable import Fleet

/// Boot files beside another server's addresses (ProxyDHCP, PXE 2.1 §2.2).
@Suite struct ProxyDHCPTests {
    private static let address = IPv4Address("10.77.0.23")

    /// A network in which another server, 10.77.0.2, gives the addresses.
    private func network(_ options: [UInt8: [UInt8]] = [:]) throws -> DHCPNetwork {
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: Sample.server, pools: [],
            router: IPv4Address("10.77.0.2"), nameServers: [try #require(IPv4Address("10.77.0.2"))],
            options: options, isProxy: true)
        let far = DHCPSubnet(
            network: try #require(IPv4Network("10.78.0.0/24")), server: Sample.server, pools: [],
            isProxy: true)
        return DHCPNetwork([
            DHCPLink(interface: "br0", subnets: [subnet]), DHCPLink(interface: nil, subnets: [far]),
        ])
    }

    private static func firmware(_ architecture: UInt16) -> (inout DHCPMessage) -> Void {
        { message in
            message.options[60] = Array("PXEClient:Arch:0000\(architecture):UNDI:002001".utf8)
            message.options[93] = [0, UInt8(architecture)]
            message.options[94] = [1, 2, 1]
            message.options[97] = [0] + [UInt8](1...16)
        }
    }

    private static func ipxe(_ message: inout DHCPMessage) {
        firmware(0)(&message)
        message.options[77] = Array("iPXE".utf8)
        message.options[175] = [0x13, 1, 1]
    }

    @Test func `an old ROM gets its boot file with the offer, and no address`() throws {
        var network = try network()
        let outcome = network.say(.discover, Self.firmware(0))
        let reply = try #require(outcome.reply)
        #expect(outcome.note == .offeredFile && outcome.beginsBoot && outcome.lease == nil)
        #expect(outcome.probes.isEmpty && network.server.table.leaseCount == 0)
        #expect(reply.destination == .broadcast && reply.port == 68)
        let message = reply.message
        #expect(message.yourAddress == .any && message.clientAddress == .any)
        #expect(message.nextServer == Sample.server && message.bootFile == "undionly.kpxe")
        #expect(try message.options.value(of: .messageType) == .offer)
        #expect(try message.options.value(of: .vendorClass) == "PXEClient")
        #expect(try message.options.value(of: .serverIdentifier) == Sample.server)
        #expect(message.options[43] == [6, 1, 8, 255])
        #expect(message.options[97] == [0] + [UInt8](1...16))
        // What belongs to an address is said by the server that gives it.
        for code: UInt8 in [1, 3, 6, 12, 15, 28, 51, 58, 59, 121] { #expect(!message.options.has(code)) }
    }

    @Test(arguments: [UInt16(6), 7, 9]) func `UEFI gets no option 43, and asks at port 4011`(
        architecture: UInt16
    ) throws {
        var network = try network()
        let offer = network.say(.discover, Self.firmware(architecture)).reply?.message
        // There is no loader for 32 bits.
        guard architecture != 6 else { return #expect(offer == nil) }
        #expect(offer?.options.has(43) == false && offer?.nextServer == Sample.server)
        // GRUB would look for its menu at the other server.
        #expect(offer?.bootFile == "ipxe.efi")
        #expect(try offer?.options.value(of: .vendorClass) == "PXEClient")
        var request = DHCPMessage(transaction: 9, from: Sample.mac)
        request.options.set(.messageType, to: .request)
        Self.firmware(architecture)(&request)
        let address = try #require(Self.address)
        request.clientAddress = address
        let answer = network.server.bootServer(
            request, on: "br0", from: address, port: 4_011, now: network.now, snapshot: network.snapshot,
            policy: Sample.policy()
        ).reply
        #expect(answer?.destination == .unicast(address) && answer?.port == 4_011)
        #expect(answer?.message.bootFile == offer?.bootFile && answer?.message.bootFile.isEmpty == false)
        #expect(answer?.message.options[43] == [6, 1, 8, 255])
    }

    @Test func `UEFI by HTTP gets a URL beside another server's address`() throws {
        var network = try network()
        let offer = network.say(.discover) {
            $0.options[60] = Array("HTTPClient:Arch:00016:UNDI:003001".utf8)
            $0.options[93] = [0, 16]
        }.reply?.message
        #expect(try offer?.options.value(of: .vendorClass) == "HTTPClient")
        #expect(offer?.yourAddress == .any && offer?.bootFile.hasPrefix("http://") == true)
    }

    @Test func `iPXE gets its script with the offer, and from port 4011 if it asks there`() throws {
        var network = try network()
        let offer = try #require(network.say(.discover, Self.ipxe).reply?.message)
        #expect(offer.bootFile.hasSuffix("/boot.ipxe") && offer.nextServer == Sample.server)
        // Without the class iPXE does not take it for a proxy's offer; no-pxedhcp would make it forget the file.
        #expect(try offer.options.value(of: .vendorClass) == "PXEClient")
        #expect(!offer.options.has(175) && offer.yourAddress == .any)
        var request = DHCPMessage(transaction: 9, from: Sample.mac)
        request.options.set(.messageType, to: .request)
        request.options.set(.serverIdentifier, to: Sample.server)
        Self.ipxe(&request)
        request.clientAddress = try #require(Self.address)
        let answer = network.server.bootServer(
            request, on: "br0", from: request.clientAddress, port: 68, now: network.now,
            snapshot: network.snapshot, policy: Sample.policy())
        #expect(answer.reply?.message.bootFile == offer.bootFile)
        #expect(try answer.reply?.message.options.value(of: .vendorClass) == "PXEClient")
    }

    @Test func `a search for boot servers by broadcast is answered, all else is the other server's`() throws {
        var network = try network()
        let (address, other) = (try #require(Self.address), try #require(IPv4Address("10.77.0.2")))
        let found = network.say(.request, from: address) {
            Self.firmware(0)(&$0)
            $0.clientAddress = address
            $0.options[43] = [71, 4, 0, 0, 0, 0, 255]
        }
        #expect(found.reply?.message.bootFile == "undionly.kpxe" && found.reply?.port == 68)
        #expect(found.reply?.destination == .unicast(address))
        #expect(found.reply?.message.options[43] == [71, 4, 0, 0, 0, 0, 255])
        // It takes the other server's offer, or renews there.
        for server in [other, nil] {
            let request = network.say(.request, from: .any) {
                Self.firmware(0)(&$0)
                if let server { $0.options.set(.serverIdentifier, to: server) }
                $0.options.set(.requestedAddress, to: address)
            }
            #expect(request.reply == nil && request.note == .otherGivesAddresses)
        }
        let renewal = network.say(.request, from: address) {
            Self.firmware(0)(&$0)
            $0.clientAddress = address
            $0.options.set(.serverIdentifier, to: other)
        }
        #expect(renewal.reply == nil)
        for type: DHCPMessageType in [.decline, .release] {
            #expect(network.say(type, Self.firmware(0)).reply == nil)
        }
        // Never a NAK, whatever is asked for.
        let foreign = network.say(.request) {
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0xC0A8_0001))
        }
        #expect(foreign.reply == nil && foreign.note == .otherGivesAddresses)
        #expect(network.server.table.leaseCount == 0)
    }

    @Test func `systems, BOOTP and U-Boot are left to the other server`() throws {
        var network = try network()
        #expect(network.say(.discover).note == .otherGivesAddresses)
        #expect(network.say(nil).note == .otherGivesAddresses)
        // It takes the first offer, whatever address is in it.
        let uBoot = network.say(.discover) { $0.options[60] = Array("U-Boot.armv8".utf8) }
        #expect(uBoot.reply == nil && uBoot.note == .notForProxy)
        let message = DHCPMessage(transaction: 1, from: Sample.mac)
        #expect(network.server.leavesToOther(message, on: "br0"))
        #expect(!network.server.leavesToOther(message, on: "eth9"))
        #expect(!(try DHCPNetwork().server.leavesToOther(message, on: "br0")))
    }

    @Test func `where nothing is to boot, no offer keeps the firmware waiting`() throws {
        var network = try network()
        let outcome = network.say(.discover, Self.firmware(6))
        #expect(outcome.reply == nil && outcome.note == .nothingToOffer)
        #expect(outcome.decision?.answer == .nothing)
    }

    @Test func `through a relay the offer is broadcast there, with the relay's option last`() throws {
        var network = try network()
        let relay = try #require(IPv4Address("10.78.0.1"))
        let reply = network.say(.discover) {
            Self.firmware(0)(&$0)
            $0.relay = relay
            $0.options[82] = [1, 2, 7, 7]
        }.reply
        #expect(reply?.destination == .relay(relay) && reply?.port == 67)
        #expect(reply?.message.flags == 0x8000 && reply?.message.bootFile == "undionly.kpxe")
        #expect(reply?.message.options[82] == [1, 2, 7, 7])
    }

    @Test func `another server gives the addresses of all networks of an interface, or of none`() throws {
        let network = try #require(IPv4Network("10.77.0.0/24"))
        let proxied = DHCPSubnet(network: network, server: Sample.server, pools: [], isProxy: true)
        let served = try DHCPNetwork.subnet("10.78.0.0/24", pool: "10.78.0.10-10.78.0.20")
        func found(_ links: DHCPLink...) -> [String] {
            problems(in: links, reservations: []).map(\.description)
        }
        #expect(found(DHCPLink(interface: "br0", subnets: [proxied])).isEmpty)
        #expect(
            found(
                DHCPLink(interface: "br0", subnets: [proxied]), DHCPLink(interface: "br1", subnets: [served])
            ).isEmpty)
        let mixed = found(DHCPLink(interface: "br0", subnets: [served, proxied]))
        #expect(mixed.contains { $0.contains("of all networks of an interface, or of none (proxy)") })
        var pooled = proxied
        pooled.pools = served.pools
        #expect(found(DHCPLink(interface: "br0", subnets: [pooled])).contains { $0.contains("has a pool") })
    }

    @Test func `the operator's own options are in the offer`() throws {
        var network = try network([150: [10, 77, 0, 9]])
        #expect(network.say(.discover, Self.firmware(0)).reply?.message.options[150] == [10, 77, 0, 9])
    }
}
