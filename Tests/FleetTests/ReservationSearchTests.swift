import Fleet
import Testing
import Wire

/// What is found among reserved addresses.
@Suite struct ReservationSearchTests {
    @Test(arguments: [
        ("", true), ("   ", true), ("10.77.0.0/24", true), ("10.78.0.0/24", false), ("0.10", true),
        ("0.11", false),
        ("52:54:00:12:34:56", true), ("52-54-00-12-34-56", true), ("525400123456", true),
        ("52:54:00:12:34:57", false), ("12:34", true), ("12:34 10.77", true), ("12:34 10.78", false),
        ("10.77.0.0/24 52:54", true), ("FE", false),
    ])
    func `each word has to fit`(query: String, isFound: Bool) throws {
        let reservation = DHCPReservation(
            .macAddress(try #require(MACAddress("52:54:00:12:34:56"))),
            try #require(IPv4Address("10.77.0.10")))
        #expect(try ReservationSearch(query).fits(reservation) == isFound)
    }

    @Test func `other machines are found by what they are written as`() throws {
        let address = try #require(IPv4Address("10.77.0.10"))
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let machine = DHCPReservation(.uuid(uuid), address)
        #expect(try ReservationSearch("12345678-1234-5678-1234-56789ABCDEF0").fits(machine))
        #expect(try ReservationSearch("9abc").fits(machine) && !ReservationSearch("9abd").fits(machine))
        let client = DHCPReservation(.clientIdentifier([0xFF, 1]), address)
        #expect(
            try ReservationSearch("client:ff01").fits(client)
                && !ReservationSearch("client:ff02").fits(client))
    }
}
