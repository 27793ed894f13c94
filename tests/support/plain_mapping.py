"""A small mapping file and the header of the file it maps."""

from __future__ import annotations

PLAIN = """\
mapping: plain
source: /files/plain
zone: Asia/Shanghai
dates: "%Y-%m-%d"
columns: [customer, number, booked, due, amount, note, days]
facts:
  - type: credit.transaction.recorded.v1
    id: "invoice-{number}"
    subject: "{customer}"
    at: {date: booked}
    data:
      transaction_id: "{number}"
      kind: invoice
      amount: {money: amount}
      currency: CNY
      booked_on: {date: booked}
      due_on: {date: due, optional: yes}
"""
HEADER = "customer,number,booked,due,amount,note,days\n"
