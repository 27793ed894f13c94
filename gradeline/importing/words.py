"""What is refused, in Chinese: a sentence with the remedy for each rule of a file. The codes never change.

What the rules of a fact itself mean is said where the codec's codes are (`shared.edge.codes`).
"""

from __future__ import annotations

from shared.edge.codes import meaning

RULES: dict[str, str] = {
    # a cell
    "empty": "单元格为空；请填写，或在映射中标明 optional: yes",
    "encoding": "含有其他编码的字节；请在映射中写明 encoding:，例如 gb18030",
    "date": "日期写法与映射不符；请更正日期或映射中的写法",
    "date-order": "无法判断日与月的先后；请在映射中写明 dates: mdy（月在前）或 dates: dmy（日在前）",
    "amount": "金额不正确；请只写数字和小数点",
    "negative": "金额为负；方向由单据类型决定，请把红字行单独映射",
    "positive": "此处只应有负数（红字）；请把这类行单独映射",
    "currency-mark": "金额旁的货币符号与本行币种不一致；请更正其中之一",
    "number": "不是数字；请只写数字",
    "lookup": "映射的对照表中没有该值；请补入对照表",
    "digits": "超过 15 位数字，电子表格无法保存；请改为文本格式，或在表中取整",
    "formula": "公式的结果未保存在文件中；请打开后重新保存，或粘贴为数值",
    "error-value": "单元格为错误值（如 #N/A）；请更正",
    # a row
    "row": "本行无法读取：列数或引号不正确；请更正本行",
    "identity": "同一单据已有其他内容：与前面的行不一致，或此前已上报；请核对，已上报的用更正类事实修改",
    # the whole file
    "file": "文件与映射不符，或无法读取；未导入任何行",
    # what the API says
    "409": "同一单据此前已以其他内容上报；请用更正类事实修改，而不是改文件",
    "413": "整行内容过大；请缩短",
}


def in_chinese(rule: str) -> str:
    """The sentence of *rule*; a rule of a newer service stands for itself."""
    return RULES.get(rule) or meaning(rule).zh
