"""Prints what StandardizationTests.swift expects; scikit-learn 1.9.1, numpy 2.4.6.

    python standardization_golden.py
"""
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import MinMaxScaler, StandardScaler

x = load_digits().data
train, test = x[:1000], x[1000:]
for scaler in (StandardScaler(), MinMaxScaler()):
    scaler.fit(train)
    t = scaler.transform(test)
    print(type(scaler).__name__, "test rows 0 and 796, features 0, 2, 20, 43, 63")
    for row in (0, 796):
        print([float(np.float64(t[row, f])) for f in (0, 2, 20, 43, 63)])
print("one mean and deviation for all:", repr(train.mean()), repr(train.std()))
